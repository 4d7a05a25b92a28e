# SPDX-License-Identifier: MIT
#
# libterrier.so.0, libterrier.a and libgc.so.1, out of the floors of src/.

# The first word of each line is a folder; what follows is for test/checks/once/floors.sh.
file(STRINGS cmake/floors.txt terrier_floors)
list(TRANSFORM terrier_floors REPLACE " .*" "")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS cmake/floors.txt)

set(terrier_sources)
foreach(floor IN LISTS terrier_floors)
  if(NOT floor STREQUAL "libgc")
    file(GLOB found CONFIGURE_DEPENDS src/${floor}/*.c src/${floor}/*/*.c)
    list(APPEND terrier_sources ${found})
  endif()
endforeach()
file(GLOB terrier_libgc_sources CONFIGURE_DEPENDS src/libgc/*.c src/libgc/*/*.c)

add_library(terrier_objects OBJECT ${terrier_sources})
terrier_core_target(terrier_objects)

add_library(terrier SHARED $<TARGET_OBJECTS:terrier_objects>)
add_library(terrier_static STATIC $<TARGET_OBJECTS:terrier_objects>)
add_library(terrier::terrier ALIAS terrier)
add_library(terrier::terrier_static ALIAS terrier_static)
set_target_properties(terrier terrier_static PROPERTIES
  OUTPUT_NAME terrier LINKER_LANGUAGE C)
set_target_properties(terrier PROPERTIES
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
foreach(library terrier terrier_static)
  target_include_directories(${library} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()
target_link_libraries(terrier PRIVATE Threads::Threads)
target_link_libraries(terrier_static PUBLIC Threads::Threads)
terrier_exports(terrier "ter_*")

# The drop-in holds all of libterrier, so that it is one file to put in place.
if(terrier_libgc_sources)
  add_library(terrier_libgc_objects OBJECT ${terrier_libgc_sources})
  terrier_core_target(terrier_libgc_objects)
  add_library(terrier_libgc SHARED
    $<TARGET_OBJECTS:terrier_objects> $<TARGET_OBJECTS:terrier_libgc_objects>)
  set_target_properties(terrier_libgc PROPERTIES
    OUTPUT_NAME gc SUFFIX .so.1 NO_SONAME ON LINKER_LANGUAGE C)
  target_link_libraries(terrier_libgc PRIVATE Threads::Threads)
  target_link_options(terrier_libgc PRIVATE -Wl,-soname,libgc.so.1)
  terrier_exports(terrier_libgc "GC_*")
endif()

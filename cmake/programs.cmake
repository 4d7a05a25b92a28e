# SPDX-License-Identifier: MIT
#
# The terrier command and the examples; how programs for libgc are built.

file(GLOB terrier_tool_sources CONFIGURE_DEPENDS tools/terrier/*.c)
if(terrier_tool_sources)
  include(cmake/page.cmake)
  add_executable(terrier_tool ${terrier_tool_sources} ${page_build}/page_template.c)
  set_target_properties(terrier_tool PROPERTIES OUTPUT_NAME terrier)
  terrier_c_target(terrier_tool)
  # Of the library it uses the table of options, and of src/ the floor base, where names are
  # escaped, and what mends timelines.
  target_include_directories(terrier_tool PRIVATE include src tools/terrier)
  target_link_libraries(terrier_tool PRIVATE terrier_static)
  target_compile_definitions(terrier_tool PRIVATE
    TERRIER_VERSION="${PROJECT_VERSION}"
    TERRIER_LIBDIR="${CMAKE_INSTALL_FULL_LIBDIR}")
endif()

# Each folder of examples/ is one program, with no more than the public headers.
file(GLOB example_sources CONFIGURE_DEPENDS examples/*/*.c)
set(terrier_examples)
foreach(source IN LISTS example_sources)
  cmake_path(GET source PARENT_PATH folder)
  cmake_path(GET folder FILENAME name)
  if(NOT TARGET example_${name})
    add_executable(example_${name})
    set_target_properties(example_${name} PROPERTIES OUTPUT_NAME ${name})
    terrier_c_target(example_${name})
    target_link_libraries(example_${name} PRIVATE terrier_static)
    list(APPEND terrier_examples ${name})
  endif()
  target_sources(example_${name} PRIVATE ${source})
endforeach()

# The system's Boehm collector: bench/gc_*.c and test/libgc/gc_*.c are ordinary programs for it.
if(NOT TERRIER_UNIT_TESTS_ONLY)
  find_path(TERRIER_GC_INCLUDE gc.h)
  find_library(TERRIER_GC_LIBRARY gc)
  mark_as_advanced(TERRIER_GC_INCLUDE TERRIER_GC_LIBRARY)
endif()
set(terrier_have_gc OFF)
if(TERRIER_GC_INCLUDE AND TERRIER_GC_LIBRARY)
  set(terrier_have_gc ON)
endif()

function(terrier_gc_program target source folder)
  cmake_path(GET source STEM name)
  add_executable(${target} ${source})
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${folder}
    SKIP_BUILD_RPATH ON)
  terrier_c_target(${target})
  target_include_directories(${target} SYSTEM PRIVATE ${TERRIER_GC_INCLUDE})
  target_link_libraries(${target} PRIVATE ${TERRIER_GC_LIBRARY} Threads::Threads)
endfunction()

# One interpreter on four memories: what the folders of examples/lisp/ hold beside common/.
function(terrier_lisp memory)
  file(GLOB sources CONFIGURE_DEPENDS examples/lisp/common/*.c examples/lisp/${memory}/*.c)
  add_executable(example_lisp_${memory} ${sources})
  set_target_properties(example_lisp_${memory} PROPERTIES OUTPUT_NAME lisp-${memory})
  terrier_c_target(example_lisp_${memory})
  target_include_directories(example_lisp_${memory} PRIVATE
    examples/lisp/common examples/lisp/${memory})
  set(terrier_examples ${terrier_examples} lisp_${memory} PARENT_SCOPE)
endfunction()

terrier_lisp(malloc)
foreach(memory terrier exact)
  terrier_lisp(${memory})
  target_link_libraries(example_lisp_${memory} PRIVATE terrier_static)
endforeach()
if(terrier_have_gc)
  terrier_lisp(libgc)
  target_include_directories(example_lisp_libgc SYSTEM PRIVATE ${TERRIER_GC_INCLUDE})
  target_link_libraries(example_lisp_libgc PRIVATE ${TERRIER_GC_LIBRARY})
  set_target_properties(example_lisp_libgc PROPERTIES SKIP_BUILD_RPATH ON)
endif()

add_custom_target(programs)
add_dependencies(programs terrier terrier_static)
foreach(target terrier_libgc terrier_tool)
  if(TARGET ${target})
    add_dependencies(programs ${target})
  endif()
endforeach()
foreach(name IN LISTS terrier_examples)
  add_dependencies(programs example_${name})
endforeach()

# SPDX-License-Identifier: MIT
#
# Compiler flags. terrier_c_target(NAME) gives them to one target.

set(terrier_tier "${TERRIER_CHECKS}")
if("${terrier_tier}" STREQUAL "")
  set(terrier_tier 1)
  if(CMAKE_BUILD_TYPE STREQUAL "Debug")
    set(terrier_tier 2)
  endif()
endif()

# Looked for each time: who installs the header later gets probes with the next build.
include(CheckIncludeFile)
unset(terrier_has_sdt CACHE)
check_include_file(sys/sdt.h terrier_has_sdt)

set(terrier_warnings
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes
  -Wmissing-prototypes -Wundef -Wvla -Werror=implicit)
if(TERRIER_WERROR)
  list(APPEND terrier_warnings -Werror)
endif()

if(TERRIER_SANITIZE)
  add_compile_options(-fsanitize=${TERRIER_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${TERRIER_SANITIZE})
endif()

function(terrier_c_target name)
  set_target_properties(${name} PROPERTIES
    C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS ON
    C_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON)
  target_compile_options(${name} PRIVATE ${terrier_warnings})
endfunction()

# What every file of src/ is compiled with. The thread-local model lets a signal handler read
# thread-local data without a call that may allocate.
function(terrier_core_target name)
  terrier_c_target(${name})
  target_include_directories(${name}
    PUBLIC ${PROJECT_SOURCE_DIR}/include
    PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(${name} PRIVATE TER_CHECKS=${terrier_tier}
    TER_HAS_SDT=$<BOOL:${terrier_has_sdt}>
    TER_AUTO_LAYOUT="${TERRIER_AUTO_LAYOUT}" TERRIER_VERSION="${PROJECT_VERSION}")
  target_compile_options(${name} PRIVATE
    -fno-strict-aliasing -ffunction-sections -ftls-model=initial-exec)
endfunction()

# Shared libraries show their own prefix and nothing else, under names without a version.
# Functions bind inside the library; data does not, since a program may hold a copy of it.
# Everything is bound at load time, so that no signal handler ever enters the dynamic linker.
# Handlers of signals, of forks and of the ends of threads outlive a dlclose, so that does not
# unload them.
function(terrier_exports name pattern)
  set(map ${PROJECT_BINARY_DIR}/${name}.map)
  file(CONFIGURE OUTPUT ${map} CONTENT "{ global: ${pattern}; local: *; };\n")
  target_link_options(${name} PRIVATE -Wl,--version-script=${map}
    -Wl,-Bsymbolic-functions -Wl,-z,relro -Wl,-z,now -Wl,-z,nodelete)
  set_property(TARGET ${name} APPEND PROPERTY LINK_DEPENDS ${map})
  if(NOT TERRIER_SANITIZE)
    target_link_options(${name} PRIVATE -Wl,--no-undefined)
    # What no plan here uses (the loop that asks records) takes no memory then.
    target_link_options(${name} PRIVATE -Wl,--gc-sections)
  endif()
endfunction()

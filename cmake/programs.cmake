# SPDX-License-Identifier: MIT
#
# The terrier command, the examples, and the measuring programs.

file(GLOB terrier_tool_sources CONFIGURE_DEPENDS tools/terrier/*.c)
if(terrier_tool_sources)
  add_executable(terrier_tool ${terrier_tool_sources})
  set_target_properties(terrier_tool PROPERTIES OUTPUT_NAME terrier)
  terrier_c_target(terrier_tool)
  target_include_directories(terrier_tool PRIVATE include)
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

file(GLOB bench_sources CONFIGURE_DEPENDS bench/*.c)
foreach(source IN LISTS bench_sources)
  cmake_path(GET source STEM name)
  if(name MATCHES "^gc_")
    if(terrier_have_gc)
      terrier_gc_program(bench_${name} ${source} bench)
    else()
      message(STATUS "bench/${name}: left out, it needs libgc-dev")
    endif()
  else()
    add_executable(bench_${name} ${source})
    set_target_properties(bench_${name} PROPERTIES
      OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
    terrier_core_target(bench_${name})
    target_link_libraries(bench_${name} PRIVATE terrier_static)
  endif()
endforeach()

# What `terrier compare --watch` preloads into programs: it finds their libgc by itself. Where the
# processor was is read as x86 has it.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND CMAKE_SIZEOF_VOID_P EQUAL 8)
  add_library(bench_watch MODULE bench/clients/watch.c)
  set_target_properties(bench_watch PROPERTIES
    OUTPUT_NAME watch PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
  terrier_c_target(bench_watch)
  target_include_directories(bench_watch PRIVATE tools/terrier)
  target_link_libraries(bench_watch PRIVATE ${CMAKE_DL_LIBS})
endif()

# bench/sft is one program with no more than the public headers, for 64-bit addresses. Where a loop
# lies can double its time, so each begins a line of the cache.
if(CMAKE_SIZEOF_VOID_P EQUAL 8)
  file(GLOB bench_sft_sources CONFIGURE_DEPENDS bench/sft/*.c)
  add_executable(bench_sft ${bench_sft_sources})
  set_target_properties(bench_sft PROPERTIES
    OUTPUT_NAME sft RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
  terrier_c_target(bench_sft)
  target_compile_options(bench_sft PRIVATE -falign-functions=64 -falign-loops=64)
  target_link_libraries(bench_sft PRIVATE terrier_static m Threads::Threads)
endif()

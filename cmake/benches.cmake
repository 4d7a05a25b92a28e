# SPDX-License-Identifier: MIT
#
# The measuring programs. Only who measures or tests needs them, so they are built when asked for.

set(with_all)
if(TERRIER_TESTS)
  set(with_all ALL)
endif()
add_custom_target(benches ${with_all})

function(terrier_bench target)
  set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ON)
  add_dependencies(benches ${target})
endfunction()

file(GLOB bench_sources CONFIGURE_DEPENDS bench/*.c)
foreach(source IN LISTS bench_sources)
  cmake_path(GET source STEM name)
  if(name MATCHES "^gc_")
    if(terrier_have_gc)
      terrier_gc_program(bench_${name} ${source} bench)
      terrier_bench(bench_${name})
    else()
      message(STATUS "bench/${name}: left out, it needs libgc-dev")
    endif()
  else()
    add_executable(bench_${name} ${source})
    set_target_properties(bench_${name} PROPERTIES
      OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
    terrier_core_target(bench_${name})
    target_link_libraries(bench_${name} PRIVATE terrier_static)
    terrier_bench(bench_${name})
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
  terrier_bench(bench_watch)
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
  terrier_bench(bench_sft)
endif()

# bench/heap: each program is compiled with each adapter, with no more than the public headers, and
# lies in bench/heap/PROGRAM-ADAPTER.
set(bench_heap_adapters terrier malloc)
if(terrier_have_gc)
  list(APPEND bench_heap_adapters libgc)
endif()
set(bench_heap_programs allocate gcbench pause puzzle server splay strings)
add_custom_target(bench_heap)

function(terrier_bench_heap program adapter)
  set(target bench_heap_${program}_${adapter})
  add_executable(${target} bench/heap/main.c bench/heap/${program}.c)
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME ${program}-${adapter}
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench/heap)
  terrier_c_target(${target})
  target_compile_definitions(${target} PRIVATE "BENCH_ADAPTER=\"adapters/${adapter}.h\"")
  target_link_libraries(${target} PRIVATE Threads::Threads)
  if(adapter STREQUAL "libgc")
    target_include_directories(${target} SYSTEM PRIVATE ${TERRIER_GC_INCLUDE})
    target_link_libraries(${target} PRIVATE ${TERRIER_GC_LIBRARY})
  elseif(NOT adapter STREQUAL "malloc")
    target_link_libraries(${target} PRIVATE terrier_static)
  endif()
  terrier_bench(${target})
  add_dependencies(bench_heap ${target})
endfunction()

foreach(program IN LISTS bench_heap_programs)
  foreach(adapter IN LISTS bench_heap_adapters)
    terrier_bench_heap(${program} ${adapter})
  endforeach()
endforeach()

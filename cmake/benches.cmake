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
set(bench_heap_adapters terrier terrier_exact malloc)
if(terrier_have_gc)
  list(APPEND bench_heap_adapters libgc)
endif()
set(bench_heap_programs
  allocate gcbench pause puzzle scattered server splay stores strings trace)
# Where kinds can have ephemerons, there is a program for them too.
file(STRINGS include/terrier/kinds.h bench_ephemerons REGEX "TER_KIND_EPHEMERONS *=")
if(bench_ephemerons)
  list(APPEND bench_heap_programs ephemeron)
endif()
add_custom_target(bench_heap)

function(terrier_bench_heap program adapter)
  set(target bench_heap_${program}_${adapter})
  add_executable(${target} bench/heap/main.c bench/heap/${program}.c)
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME ${program}-${adapter}
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench/heap)
  terrier_c_target(${target})
  target_compile_definitions(${target} PRIVATE "BENCH_ADAPTER=\"adapters/${adapter}.h\"")
  if(bench_ephemerons)
    target_compile_definitions(${target} PRIVATE BENCH_WITH_EPHEMERONS)
  endif()
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

# Those that compare ways of logging stores.
foreach(program IN ITEMS allocate gcbench server splay stores)
  terrier_bench_heap(${program} terrier_object)
endforeach()

# Small costs, by programs of their own.
function(terrier_bench_costs name)
  add_executable(bench_heap_${name} bench/heap/${name}.c)
  set_target_properties(bench_heap_${name} PROPERTIES
    OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench/heap)
  terrier_c_target(bench_heap_${name})
  target_compile_options(bench_heap_${name} PRIVATE -falign-functions=64 -falign-loops=64)
  terrier_bench(bench_heap_${name})
  add_dependencies(bench_heap bench_heap_${name})
endfunction()

terrier_bench_costs(process)
terrier_bench_costs(costs_terrier)
target_link_libraries(bench_heap_costs_terrier PRIVATE terrier_static)
terrier_bench_costs(costs_barrier)
target_link_libraries(bench_heap_costs_barrier PRIVATE terrier_static)
terrier_bench_costs(together)
target_link_libraries(bench_heap_together PRIVATE terrier_static)
if(terrier_have_gc)
  terrier_bench_costs(costs_libgc)
  target_include_directories(bench_heap_costs_libgc SYSTEM PRIVATE ${TERRIER_GC_INCLUDE})
  target_link_libraries(bench_heap_costs_libgc PRIVATE ${TERRIER_GC_LIBRARY})
endif()

# Interpreters, which are measured as processes.
foreach(name IN LISTS terrier_examples)
  if(name MATCHES "^lisp_")
    add_dependencies(bench_heap example_${name})
  endif()
endforeach()

# The same in OCaml and Java, where they are: to be measured beside, and for nothing else. OCaml's
# compiler writes beside its sources, so it gets them copied.
file(GLOB bench_ocaml_sources CONFIGURE_DEPENDS bench/heap/ocaml/*.ml)
file(GLOB bench_java_sources CONFIGURE_DEPENDS bench/heap/java/*.java)
find_program(TERRIER_OCAMLOPT ocamlopt)
find_program(TERRIER_JAVAC javac)
mark_as_advanced(TERRIER_OCAMLOPT TERRIER_JAVAC)
set(bench_heap_folder ${PROJECT_BINARY_DIR}/bench/heap)

set(bench_other_languages)

if(TERRIER_OCAMLOPT)
  foreach(source IN LISTS bench_ocaml_sources)
    cmake_path(GET source STEM name)
    if(name STREQUAL "bench")
      continue()
    endif()
    set(program ${bench_heap_folder}/${name}-ocaml)
    set(folder ${bench_heap_folder}/ocaml/${name})
    set(common ${PROJECT_SOURCE_DIR}/bench/heap/ocaml/bench.ml)
    file(MAKE_DIRECTORY ${folder})
    add_custom_command(OUTPUT ${program}
      COMMAND ${CMAKE_COMMAND} -E copy ${common} ${source} ${folder}
      COMMAND ${TERRIER_OCAMLOPT} -unsafe -inline 100 -o ${program} unix.cmxa bench.ml ${name}.ml
      WORKING_DIRECTORY ${folder} DEPENDS ${source} ${common} VERBATIM)
    list(APPEND bench_other_languages ${program})
  endforeach()
endif()

if(TERRIER_JAVAC AND bench_java_sources)
  set(classes ${bench_heap_folder}/java)
  file(MAKE_DIRECTORY ${classes})
  add_custom_command(OUTPUT ${classes}/Bench.class
    COMMAND ${TERRIER_JAVAC} -d ${classes} ${bench_java_sources}
    DEPENDS ${bench_java_sources} VERBATIM)
  list(APPEND bench_other_languages ${classes}/Bench.class)
endif()

# No part of `benches`: tests do not want them.
if(bench_other_languages)
  add_custom_target(bench_heap_other_languages DEPENDS ${bench_other_languages})
  add_dependencies(bench_heap bench_heap_other_languages)
endif()

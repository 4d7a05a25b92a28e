# SPDX-License-Identifier: MIT
#
# Lua on Terrier: programs that print the same on Debian's Lua. They run what `make lua` built, of
# which there is one build whatever the preset, so one preset has them; without it they are skipped.

function(terrier_lua_test name program options)
  terrier_test(lua.${name} 300
    COMMAND ${PROJECT_SOURCE_DIR}/test/lua/run.sh ${program} ${options} ENVIRONMENT ${ARGN})
endfunction()

file(GLOB lua_programs CONFIGURE_DEPENDS lua/*.lua)
foreach(source IN LISTS lua_programs)
  cmake_path(GET source STEM program)
  terrier_lua_test(${program} ${program} "")
  foreach(plan mark-sweep sticky-mark-sweep young-immix)
    terrier_lua_test(${program}.${plan} ${program}
      "plan=${plan},stress_polls=101,poison=1" "CHECK_DIVISOR=10")
    terrier_lua_test(${program}.${plan}.checked ${program}
      "plan=${plan},stress_polls=499,check_heap=1,poison=1" "CHECK_DIVISOR=20")
  endforeach()
  terrier_lua_test(${program}.emergency ${program} "" "CHECK_DIVISOR=100" "LUA_BUILD=emergency")
  terrier_lua_test(${program}.asan ${program} "" "CHECK_DIVISOR=10" "LUA_BUILD=asan")
endforeach()

# More random programs, each seed under one of the plans.
set(seed 2)
foreach(plan mark-sweep sticky-mark-sweep young-immix mark-sweep sticky-mark-sweep young-immix)
  terrier_lua_test(random.seed_${seed} random "plan=${plan},stress_polls=67,poison=1"
    "CHECK_DIVISOR=4" "LUA_TEST_SEED=${seed}")
  math(EXPR seed "${seed} + 1")
endforeach()

# Hosts in C and C++; programs of Debian's with the library in the place of theirs.
file(GLOB lua_scripts CONFIGURE_DEPENDS lua/*.sh)
foreach(script IN LISTS lua_scripts)
  cmake_path(GET script STEM name)
  if(NOT name STREQUAL "run")
    terrier_script(lua ${script} 300)
  endif()
endforeach()

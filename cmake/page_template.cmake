# SPDX-License-Identifier: MIT
#
# A script: puts the parts of a page together, as an array in C on each side of its data.
#
#   cmake -D page=FOLDER -D charts=FOLDER -D has_charts=ON|OFF -D output=FILE.c -P FILE
#
# In page.html, a line `@FILE@` stands for a file of the folder, `@charts/FILE@` for one of the
# library of charts, and `@DATA@` for the data.

cmake_minimum_required(VERSION 3.25)

set(head "")
set(tail "")

# Bytes as text in hexadecimal, two digits each, so that nothing in them means anything to CMake.
function(read_hex path result)
  file(READ ${path} bytes HEX)
  set(${result} "${bytes}" PARENT_SCOPE)
endfunction()

function(text_hex text result)
  file(WRITE ${output}.text "${text}")
  read_hex(${output}.text bytes)
  file(REMOVE ${output}.text)
  set(${result} "${bytes}" PARENT_SCOPE)
endfunction()

if(has_charts)
  set(side head)
  file(STRINGS ${page}/page.html lines)
  foreach(line IN LISTS lines)
    if(line STREQUAL "@DATA@")
      set(side tail)
      continue()
    endif()
    if(line MATCHES "^@charts/(.*)@$")
      read_hex(${charts}/${CMAKE_MATCH_1} bytes)
    elseif(line MATCHES "^@(.*)@$")
      read_hex(${page}/${CMAKE_MATCH_1} bytes)
    else()
      text_hex("${line}\n" bytes)
    endif()
    string(APPEND ${side} "${bytes}")
  endforeach()
endif()

set(c "/* Made by cmake/page_template.cmake. */\n#include \"page_template.h\"\n\n")
foreach(side head tail)
  string(LENGTH "${${side}}" digits)
  math(EXPR ${side}_bytes "${digits} / 2")
  string(REGEX REPLACE "(................................)" "\\1\n" numbers "${${side}}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," numbers "${numbers}")
  string(APPEND c "static const unsigned char ${side}[] = {\n${numbers}0};\n")
endforeach()
string(APPEND c "const struct cmd_page_template cmd_page_template = {"
  "head, tail, ${head_bytes}, ${tail_bytes}};\n")
file(WRITE ${output} "${c}")

# SPDX-License-Identifier: MIT
#
# What `terrier run --page` writes before and after the data of a page: HTML, styles and scripts of
# tools/terrier/page/, and uPlot, the library of charts, from npm. What npm fetches stays in the
# build folder; the lock file says what it must be, by its hash. Without npm or a network all else
# is built, and the command says that it has no pages.

option(TERRIER_PAGE "Fetch uPlot by npm, for the pages of terrier run --page" ON)

set(page_source ${PROJECT_SOURCE_DIR}/tools/terrier/page)
set(page_build ${PROJECT_BINARY_DIR}/page)
set(page_charts ${page_build}/node_modules/uplot)
set(page_files package.json package-lock.json)

# Is what the lock file names here? It is fetched anew when that has changed.
function(terrier_page_is_fetched result)
  set(${result} OFF PARENT_SCOPE)
  if(NOT EXISTS ${page_charts}/dist/uPlot.iife.min.js OR NOT EXISTS ${page_charts}/LICENSE)
    return()
  endif()
  execute_process(RESULT_VARIABLE differs
    COMMAND ${CMAKE_COMMAND} -E compare_files ${page_source}/package-lock.json
      ${page_build}/fetched-lock.json
    OUTPUT_QUIET ERROR_QUIET)
  if(differs EQUAL 0)
    set(${result} ON PARENT_SCOPE)
  endif()
endfunction()

function(terrier_page_fetch)
  find_program(TERRIER_NPM npm)
  mark_as_advanced(TERRIER_NPM)
  if(NOT TERRIER_NPM)
    message(STATUS "No npm: terrier run --page is left out")
    return()
  endif()
  foreach(name IN LISTS page_files)
    configure_file(${page_source}/${name} ${page_build}/${name} COPYONLY)
  endforeach()
  execute_process(WORKING_DIRECTORY ${page_build} TIMEOUT 60
    COMMAND ${TERRIER_NPM} ci --ignore-scripts --no-audit --no-fund --no-update-notifier
      --prefer-offline --fetch-retries=1 --fetch-timeout=20000
    RESULT_VARIABLE failed OUTPUT_FILE ${page_build}/npm.log ERROR_FILE ${page_build}/npm.log)
  if(failed EQUAL 0)
    configure_file(${page_source}/package-lock.json ${page_build}/fetched-lock.json COPYONLY)
  else()
    message(STATUS "npm cannot fetch uPlot (${page_build}/npm.log): "
      "terrier run --page is left out")
  endif()
endfunction()

file(MAKE_DIRECTORY ${page_build})
set(page_has_charts OFF)
if(TERRIER_PAGE)
  terrier_page_is_fetched(page_has_charts)
  if(NOT page_has_charts)
    terrier_page_fetch()
    terrier_page_is_fetched(page_has_charts)
  endif()
endif()

file(GLOB page_sources CONFIGURE_DEPENDS ${page_source}/*)
add_custom_command(
  OUTPUT ${page_build}/page_template.c
  COMMAND ${CMAKE_COMMAND} -D "page=${page_source}" -D "charts=${page_charts}"
    -D "has_charts=${page_has_charts}" -D "output=${page_build}/page_template.c"
    -P ${PROJECT_SOURCE_DIR}/cmake/page_template.cmake
  DEPENDS ${page_sources} ${PROJECT_SOURCE_DIR}/cmake/page_template.cmake
  COMMENT "Putting the page together" VERBATIM)

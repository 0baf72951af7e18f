# SPDX-License-Identifier: BSL-1.0
#
# Checks the form of the source files: cmake -DROOT=<source tree> -P check_sources.cmake
#
# Every file has the SPDX line: C++ in the first line, scripts in the first or the second. No line is longer than 120
# characters, and no file of src/ and include/ is longer than 520 lines.

cmake_minimum_required(VERSION 3.25)

set(max_columns 120)
set(max_lines 520)
set(identifier "SPDX-License-Identifier: BSL-1.0")

set(broken 0)
macro(complain text)
    message(NOTICE "${file}: ${text}")
    math(EXPR broken "${broken} + 1")
endmacro()

# The number of characters of a text in UTF-8: of its bytes without those that continue a character.
function(count_characters text variable)
    string(HEX "${text}" hex)
    string(REGEX MATCHALL "[0-9a-f][0-9a-f]" bytes "${hex}")
    list(FILTER bytes EXCLUDE REGEX "^[89ab]")
    list(LENGTH bytes count)
    set(${variable} ${count} PARENT_SCOPE)
endfunction()

set(patterns "")
foreach(folder IN ITEMS include src test examples benchmarks scripts cmake .ci)
    foreach(extension IN ITEMS hpp cpp cmake py sh lua mjs)
        list(APPEND patterns "${ROOT}/${folder}/*.${extension}")
    endforeach()
    list(APPEND patterns "${ROOT}/${folder}/CMakeLists.txt")
endforeach()
file(GLOB_RECURSE files RELATIVE "${ROOT}" ${patterns})
# Scripts without an extension.
file(
    GLOB scripts
    RELATIVE "${ROOT}"
    "${ROOT}/CMakeLists.txt"
    "${ROOT}/.ci/*"
    "${ROOT}/scripts/*"
    "${ROOT}/benchmarks/guard/check"
    "${ROOT}/benchmarks/guard/library"
)
foreach(script IN LISTS scripts)
    if(NOT IS_DIRECTORY "${ROOT}/${script}")
        list(APPEND files "${script}")
    endif()
endforeach()
list(REMOVE_DUPLICATES files)
list(FILTER files EXCLUDE REGEX "(^|/)(node_modules|__pycache__)/")
if(NOT files)
    message(FATAL_ERROR "no files in ${ROOT}")
endif()

foreach(file IN LISTS files)
    file(READ "${ROOT}/${file}" text)
    # These characters mean something in lists of CMake.
    string(REGEX REPLACE "[][;\\]" "_" text "${text}")
    string(REGEX REPLACE "\n$" "" text "${text}")
    string(REPLACE "\n" ";" lines "${text}")

    list(LENGTH lines count)
    if(count EQUAL 0)
        complain("is empty")
        continue()
    endif()
    list(GET lines 0 head)
    if(count GREATER 1 AND NOT file MATCHES "\\.(hpp|cpp)$")
        list(GET lines 1 second)
        string(APPEND head "\n${second}")
    endif()
    if(NOT head MATCHES "^(#![^\n]*\n)?(//|#|--) ${identifier}")
        complain("has no line '${identifier}' at its beginning")
    endif()
    if(count GREATER max_lines AND file MATCHES "^(src|include)/")
        complain("has ${count} lines, more than ${max_lines}")
    endif()
    set(number 0)
    foreach(line IN LISTS lines)
        math(EXPR number "${number} + 1")
        string(LENGTH "${line}" length)
        if(length GREATER max_columns)
            count_characters("${line}" length)
            if(length GREATER max_columns)
                complain("line ${number} has ${length} characters, more than ${max_columns}")
            endif()
        endif()
    endforeach()
endforeach()

if(broken)
    message(FATAL_ERROR "files have the wrong form, times: ${broken}")
endif()

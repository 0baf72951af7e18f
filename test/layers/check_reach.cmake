# SPDX-License-Identifier: BSL-1.0
#
# Checks what the public headers include, also through other headers:
#   cmake -DROOT=<source tree> -DCOMPILER=<c++> -DINCLUDES=<folders of other libraries> -DWORK=<folder>
#         -P check_reach.cmake

cmake_minimum_required(VERSION 3.25)

set(forbidden "/boost/(beast|json)[/.]|/boost/asio/ssl[/.]|/openssl/")

# All but the header whose purpose is to include Boost.JSON.
file(GLOB_RECURSE headers RELATIVE "${ROOT}/include" "${ROOT}/include/postmark/*.hpp")
list(REMOVE_ITEM headers postmark/json.hpp)
list(LENGTH headers count)
if(NOT count GREATER 1 OR NOT "postmark/postmark.hpp" IN_LIST headers)
    message(FATAL_ERROR "the public headers are not in ${ROOT}/include")
endif()

set(arguments -std=c++20 "-I${ROOT}/include")
foreach(folder IN LISTS INCLUDES)
    list(APPEND arguments -isystem "${folder}")
endforeach()

# Sets the variable to the names of all headers that a text includes.
function(reach text variable)
    file(WRITE "${WORK}/reach.cpp" "${text}")
    execute_process(
        COMMAND "${COMPILER}" ${arguments} -M "${WORK}/reach.cpp"
        OUTPUT_VARIABLE rule
        COMMAND_ERROR_IS_FATAL ANY
    )
    string(REGEX MATCHALL "[^ \n\\]+\\.(hpp|h|ipp)" files "${rule}")
    set(${variable} "${files}" PARENT_SCOPE)
endfunction()

set(text "")
foreach(header IN LISTS headers)
    string(APPEND text "#include <${header}>\n")
endforeach()
reach("${text}" files)

# These headers are certainly included: a list without them has been read wrongly, and would pass.
foreach(expected IN ITEMS postmark/client.hpp boost/asio/any_io_executor.hpp)
    set(found ${files})
    list(FILTER found INCLUDE REGEX "/${expected}$")
    if(NOT found)
        message(FATAL_ERROR "cannot read the output of the compiler: ${expected} is missing")
    endif()
endforeach()

list(FILTER files INCLUDE REGEX "${forbidden}")
if(NOT files)
    return()
endif()

# Names the headers that are to blame.
foreach(header IN LISTS headers)
    reach("#include <${header}>\n" files)
    list(FILTER files INCLUDE REGEX "${forbidden}")
    if(files)
        list(LENGTH files count)
        list(GET files 0 first)
        message(NOTICE "${header} brings in ${first}, ${count} such files in all")
    endif()
endforeach()
message(FATAL_ERROR "Beast, Boost.JSON, OpenSSL and asio/ssl must not come with the public headers")

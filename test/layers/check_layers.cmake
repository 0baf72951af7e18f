# SPDX-License-Identifier: BSL-1.0
#
# Checks which module includes which: cmake -DROOT=<source tree> -P check_layers.cmake
#
# docs/design.md has the modules and what each may include. This script reads the #include lines of every file;
# check_reach.cmake checks what comes in through other headers.

cmake_minimum_required(VERSION 3.25)

# Which module a public header belongs to; all others belong to `model`.
set(public_client "client\\.hpp|pages\\.hpp|postmark\\.hpp|detail/.*")
set(public_protocol "api/.*|api\\.hpp|schema\\.hpp")
set(public_sandbox "sandbox\\.hpp")

# The modules that each module may include.
set(model_includes model)
set(protocol_includes protocol model)
set(scheduler_includes scheduler model)
set(transport_includes transport model)
set(client_includes client protocol scheduler transport model)
set(sandbox_includes sandbox)
# Examples use the public headers only. Tests may include everything, and benchmarks everything but the client.
set(examples_includes public)
set(benchmarks_includes public protocol scheduler transport sandbox model)

# Which modules may include the headers of other libraries.
set(openssl_modules transport sandbox)
set(tls_streams_modules sandbox examples benchmarks)
set(json_modules model protocol sandbox examples benchmarks)

set(broken 0)
macro(complain text)
    message(NOTICE "${file}: ${text}")
    math(EXPR broken "${broken} + 1")
endmacro()

# The module of a public header, which is named by its path below `postmark/`.
function(module_of_public name variable)
    if(name MATCHES "^(${public_client})$")
        set(${variable} client PARENT_SCOPE)
    elseif(name MATCHES "^(${public_protocol})$")
        set(${variable} protocol PARENT_SCOPE)
    elseif(name MATCHES "^(${public_sandbox})$")
        set(${variable} sandbox PARENT_SCOPE)
    else()
        set(${variable} model PARENT_SCOPE)
    endif()
endfunction()

file(
    GLOB_RECURSE files
    RELATIVE "${ROOT}"
    "${ROOT}/include/*.hpp"
    "${ROOT}/src/*.hpp"
    "${ROOT}/src/*.cpp"
    "${ROOT}/examples/*.hpp"
    "${ROOT}/examples/*.cpp"
    "${ROOT}/benchmarks/*.hpp"
    "${ROOT}/benchmarks/*.cpp"
)
if(NOT files)
    message(FATAL_ERROR "no files in ${ROOT}")
endif()

foreach(file IN LISTS files)
    set(in_public_header OFF)
    if(file MATCHES "^include/postmark/(.*)")
        set(in_public_header ON)
        module_of_public("${CMAKE_MATCH_1}" module)
    elseif(file STREQUAL "src/boost_json.cpp")
        # The implementation of Boost.JSON, where the system has no compiled one: part of no module.
        continue()
    elseif(file MATCHES "^src/([a-z_]+)/")
        set(module "${CMAKE_MATCH_1}")
    elseif(file MATCHES "^(examples|benchmarks)/")
        set(module "${CMAKE_MATCH_1}")
    else()
        complain("lies in no module")
        continue()
    endif()
    if(NOT DEFINED ${module}_includes)
        complain("there is no module called ${module}")
        continue()
    endif()

    file(STRINGS "${ROOT}/${file}" lines REGEX "^[ \t]*#[ \t]*include")
    foreach(line IN LISTS lines)
        if(NOT line MATCHES "include[ \t]*([<\"])([^>\"]+)[>\"]")
            complain("cannot be read: ${line}")
            continue()
        endif()
        set(quote "${CMAKE_MATCH_1}")
        set(name "${CMAKE_MATCH_2}")

        # Modules
        set(target "")
        if(name MATCHES "\\.\\./")
            complain("climbs out of its folder: #include ${name}")
        elseif(name MATCHES "^postmark/(.*)")
            module_of_public("${CMAKE_MATCH_1}" target)
            if(module STREQUAL "examples" OR module STREQUAL "benchmarks")
                set(target "") # these may include every public header
            endif()
        elseif(name MATCHES "^(model|protocol|scheduler|transport|client|sandbox)/")
            set(target "${CMAKE_MATCH_1}")
            if(in_public_header)
                complain("a public header includes one that is not installed: #include ${name}")
            endif()
        elseif(quote STREQUAL "\"" AND name MATCHES "/" AND NOT module MATCHES "^(examples|benchmarks)$")
            complain("names no module: #include ${name}")
        endif()
        if(target AND NOT target IN_LIST ${module}_includes)
            complain("${module} must not include ${target}: #include ${name}")
        endif()

        # Other libraries
        if(name MATCHES "^openssl/" AND NOT module IN_LIST openssl_modules)
            complain("only transport and sandbox may include OpenSSL: #include ${name}")
        elseif(name MATCHES "^boost/(beast|asio/ssl)[/.]" AND NOT module IN_LIST tls_streams_modules)
            complain("${module} must not include Beast and asio/ssl: #include ${name}")
        elseif(
            name MATCHES "^boost/json[/.]"
            AND NOT file STREQUAL "include/postmark/json.hpp"
            AND (in_public_header OR NOT module IN_LIST json_modules)
        )
            complain("${module} must not include Boost.JSON: #include ${name}")
        elseif(name MATCHES "^(openssl/|boost/(beast|asio/ssl)[/.])" AND in_public_header)
            complain("not in a public header: #include ${name}")
        endif()
    endforeach()
endforeach()

if(broken)
    message(FATAL_ERROR "includes that break the rules of the modules: ${broken}")
endif()

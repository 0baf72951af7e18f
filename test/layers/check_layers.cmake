# SPDX-License-Identifier: BSL-1.0
#
# Checks who includes whom: cmake -DROOT=<source tree> -P check_layers.cmake
#
# docs/design.md has the modules and what each may know. This reads the #include lines of every file; what comes in through
# the headers of others is for check_reach.cmake.

cmake_minimum_required(VERSION 3.25)

# Which module a public header belongs to; all others belong to `model`.
set(public_client "client\\.hpp|postmark\\.hpp|detail/.*")
set(public_protocol "api/.*|schema\\.hpp")
set(public_sandbox "sandbox\\.hpp")

# What each module may know besides the public headers of `model`, which every module may include.
set(model_knows model)
set(protocol_knows protocol model)
set(scheduler_knows scheduler model)
set(transport_knows transport model)
set(client_knows client protocol scheduler transport model)
set(sandbox_knows sandbox)
# Examples show the library from outside. Tests see everything; so do benchmarks, but for the wiring of the client.
set(examples_knows public)
set(benchmarks_knows public protocol scheduler transport sandbox model)

# Which modules may include the headers of other libraries.
set(openssl_modules transport sandbox)
set(tls_streams_modules sandbox examples benchmarks)
set(json_modules model protocol sandbox examples benchmarks)

set(broken 0)
macro(complain text)
    message(NOTICE "${file}: ${text}")
    math(EXPR broken "${broken} + 1")
endmacro()

# The module of a public header, named as behind `postmark/`.
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
    if(NOT DEFINED ${module}_knows)
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
                set(target "") # all that is public is theirs
            endif()
        elseif(name MATCHES "^(model|protocol|scheduler|transport|client|sandbox)/")
            set(target "${CMAKE_MATCH_1}")
            if(in_public_header)
                complain("a public header includes one that is not installed: #include ${name}")
            endif()
        elseif(quote STREQUAL "\"" AND name MATCHES "/" AND NOT module MATCHES "^(examples|benchmarks)$")
            complain("names no module: #include ${name}")
        endif()
        if(target AND NOT target IN_LIST ${module}_knows)
            complain("${module} must not know ${target}: #include ${name}")
        endif()

        # Other libraries
        if(name MATCHES "^openssl/" AND NOT module IN_LIST openssl_modules)
            complain("OpenSSL is for transport and sandbox: #include ${name}")
        elseif(name MATCHES "^boost/(beast|asio/ssl)[/.]" AND NOT module IN_LIST tls_streams_modules)
            complain("Beast and asio/ssl are not for ${module}: #include ${name}")
        elseif(
            name MATCHES "^boost/json[/.]"
            AND NOT file STREQUAL "include/postmark/json.hpp"
            AND (in_public_header OR NOT module IN_LIST json_modules)
        )
            complain("Boost.JSON is not for ${module}: #include ${name}")
        elseif(name MATCHES "^(openssl/|boost/(beast|asio/ssl)[/.])" AND in_public_header)
            complain("not in a public header: #include ${name}")
        endif()
    endforeach()
endforeach()

if(broken)
    message(FATAL_ERROR "the rule of the modules is broken, times: ${broken}")
endif()

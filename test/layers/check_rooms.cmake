# Checks who includes whom: cmake -DROOT=<source tree> -P check_rooms.cmake
#
# docs/design.md has the rooms and what each may know. This reads the #include lines of every file; what comes in through
# the headers of others is for check_reach.cmake.

cmake_minimum_required(VERSION 3.25)

# Which room a public header belongs to; all others are values.
set(public_client "client\\.hpp|postmark\\.hpp|detail/.*")
set(public_call "api/.*")
set(public_sandbox "sandbox\\.hpp")

# What each room may know beside values, which everybody knows.
set(values_knows values)
set(call_knows call values)
set(dispatch_knows dispatch values)
set(transport_knows transport values)
set(client_knows client call dispatch transport values)
set(sandbox_knows sandbox call values)
# Examples show the library from outside. Tests see everything; so do benchmarks, but for the wiring of the client.
set(examples_knows public)
set(benchmarks_knows public call dispatch transport sandbox values)

# Which rooms may include the headers of other libraries.
set(openssl_rooms transport sandbox)
set(tls_streams_rooms sandbox examples benchmarks)
set(json_rooms values call sandbox examples benchmarks)

set(broken 0)
macro(complain text)
    message(NOTICE "${file}: ${text}")
    math(EXPR broken "${broken} + 1")
endmacro()

# The room of a public header, named as behind `postmark/`.
function(room_of_public name variable)
    if(name MATCHES "^(${public_client})$")
        set(${variable} client PARENT_SCOPE)
    elseif(name MATCHES "^(${public_call})$")
        set(${variable} call PARENT_SCOPE)
    elseif(name MATCHES "^(${public_sandbox})$")
        set(${variable} sandbox PARENT_SCOPE)
    else()
        set(${variable} values PARENT_SCOPE)
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
        room_of_public("${CMAKE_MATCH_1}" room)
    elseif(file STREQUAL "src/boost_json.cpp")
        # The implementation of Boost.JSON, where the system has no compiled one: part of no room.
        continue()
    elseif(file MATCHES "^src/([a-z_]+)/")
        set(room "${CMAKE_MATCH_1}")
    elseif(file MATCHES "^(examples|benchmarks)/")
        set(room "${CMAKE_MATCH_1}")
    else()
        complain("lies in no room")
        continue()
    endif()
    if(NOT DEFINED ${room}_knows)
        complain("there is no room called ${room}")
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

        # Rooms
        set(target "")
        if(name MATCHES "\\.\\./")
            complain("climbs out of its folder: #include ${name}")
        elseif(name MATCHES "^postmark/(.*)")
            room_of_public("${CMAKE_MATCH_1}" target)
            if(room STREQUAL "examples" OR room STREQUAL "benchmarks")
                set(target "") # all that is public is theirs
            endif()
        elseif(name MATCHES "^(values|call|dispatch|transport|client|sandbox)/")
            set(target "${CMAKE_MATCH_1}")
            if(in_public_header)
                complain("a public header includes one that is not installed: #include ${name}")
            endif()
        elseif(quote STREQUAL "\"" AND name MATCHES "/" AND NOT room MATCHES "^(examples|benchmarks)$")
            complain("names no room: #include ${name}")
        endif()
        if(target AND NOT target IN_LIST ${room}_knows)
            complain("${room} must not know ${target}: #include ${name}")
        endif()

        # Other libraries
        if(name MATCHES "^openssl/" AND NOT room IN_LIST openssl_rooms)
            complain("OpenSSL is for transport and sandbox: #include ${name}")
        elseif(name MATCHES "^boost/(beast|asio/ssl)[/.]" AND NOT room IN_LIST tls_streams_rooms)
            complain("Beast and asio/ssl are not for ${room}: #include ${name}")
        elseif(
            name MATCHES "^boost/json[/.]"
            AND NOT file STREQUAL "include/postmark/json.hpp"
            AND (in_public_header OR NOT room IN_LIST json_rooms)
        )
            complain("Boost.JSON is not for ${room}: #include ${name}")
        elseif(name MATCHES "^(openssl/|boost/(beast|asio/ssl)[/.])" AND in_public_header)
            complain("not in a public header: #include ${name}")
        endif()
    endforeach()
endforeach()

if(broken)
    message(FATAL_ERROR "the rule of the rooms is broken, times: ${broken}")
endif()

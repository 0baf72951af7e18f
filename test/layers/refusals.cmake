# SPDX-License-Identifier: BSL-1.0
#
# Checks that the two checks beside this file do find what they are there for, on small trees that break one rule each:
#   cmake -DCOMPILER=<c++> -DINCLUDES=<folders of other libraries> -DWORK=<folder> -P refusals.cmake

cmake_minimum_required(VERSION 3.25)

set(failed 0)

function(fresh_tree)
    file(REMOVE_RECURSE "${WORK}/tree")
    file(WRITE "${WORK}/tree/include/postmark/receipt.hpp" "#include <string>\n")
    file(
        WRITE
        "${WORK}/tree/include/postmark/client.hpp"
        "#include <postmark/receipt.hpp>\n#include <boost/asio/any_io_executor.hpp>\n"
    )
    file(WRITE "${WORK}/tree/include/postmark/postmark.hpp" "#include <postmark/client.hpp>\n")
    file(WRITE "${WORK}/tree/include/postmark/json.hpp" "#include <boost/json/value.hpp>\n")
    file(WRITE "${WORK}/tree/src/protocol/reader.cpp" "#include \"protocol/reader.hpp\"\n#include <boost/json/value.hpp>\n")
    file(WRITE "${WORK}/tree/src/transport/tls.cpp" "#include <openssl/ssl.h>\n#include \"model/text.hpp\"\n")
    file(WRITE "${WORK}/tree/src/client/engine.cpp" "#include \"protocol/reader.hpp\"\n#include \"scheduler/queue.hpp\"\n")
    file(WRITE "${WORK}/tree/src/sandbox/server.cpp" "#include \"sandbox/stream.hpp\"\n#include <boost/asio/ssl.hpp>\n")
endfunction()

# Runs a check on the tree; `refused` says what has to come out, and `about` what its output has to name.
function(expect refused check about)
    execute_process(
        COMMAND
            "${CMAKE_COMMAND}" "-DROOT=${WORK}/tree" "-DCOMPILER=${COMPILER}" "-DINCLUDES=${INCLUDES}" "-DWORK=${WORK}"
            -P "${CMAKE_CURRENT_LIST_DIR}/${check}.cmake"
        RESULT_VARIABLE result
        OUTPUT_VARIABLE output
        ERROR_VARIABLE output
    )
    if(refused AND (result EQUAL 0 OR NOT output MATCHES "${about}"))
        message(NOTICE "${check} did not refuse ${about}:\n${output}")
        math(EXPR failed "${failed} + 1")
    elseif(NOT refused AND NOT result EQUAL 0)
        message(NOTICE "${check} refused what is right:\n${output}")
        math(EXPR failed "${failed} + 1")
    endif()
    set(failed ${failed} PARENT_SCOPE)
endfunction()

fresh_tree()
expect(OFF check_layers "")
expect(OFF check_reach "")

function(expect_broken_module file include)
    fresh_tree()
    file(APPEND "${WORK}/tree/${file}" "#include ${include}\n")
    expect(ON check_layers "${file}")
    set(failed ${failed} PARENT_SCOPE)
endfunction()

expect_broken_module(src/model/text.cpp "\"protocol/reader.hpp\"")
expect_broken_module(src/model/text.cpp "<postmark/client.hpp>")
expect_broken_module(src/protocol/reader.cpp "\"transport/tls.hpp\"")
expect_broken_module(src/protocol/reader.cpp "\"scheduler/queue.hpp\"")
expect_broken_module(src/protocol/reader.cpp "<postmark/detail/engine.hpp>")
expect_broken_module(src/protocol/reader.cpp "\"../transport/tls.hpp\"")
expect_broken_module(src/scheduler/queue.cpp "\"protocol/reader.hpp\"")
expect_broken_module(src/scheduler/queue.cpp "\"client/engine.hpp\"")
expect_broken_module(src/scheduler/queue.cpp "<postmark/api/request.hpp>")
expect_broken_module(src/scheduler/queue.cpp "<boost/json/value.hpp>")
expect_broken_module(src/transport/tls.cpp "\"scheduler/queue.hpp\"")
expect_broken_module(src/transport/tls.cpp "<boost/asio/ssl/stream.hpp>")
expect_broken_module(src/transport/tls.cpp "<boost/beast/http.hpp>")
expect_broken_module(src/client/engine.cpp "\"sandbox/stream.hpp\"")
expect_broken_module(src/client/engine.cpp "<openssl/ssl.h>")
expect_broken_module(src/client/engine.cpp "<boost/json.hpp>")
expect_broken_module(src/sandbox/server.cpp "\"transport/tls.hpp\"")
expect_broken_module(src/sandbox/server.cpp "<postmark/client.hpp>")
expect_broken_module(include/postmark/receipt.hpp "<postmark/client.hpp>")
expect_broken_module(include/postmark/client.hpp "\"client/engine.hpp\"")
expect_broken_module(include/postmark/sandbox.hpp "<openssl/ssl.h>")
expect_broken_module(examples/demo.cpp "\"protocol/reader.hpp\"")
expect_broken_module(benchmarks/bench.cpp "\"client/engine.hpp\"")
expect_broken_module(src/loose.cpp "<string>")
expect_broken_module(src/attic/old.cpp "<string>")

function(expect_broken_reach file include)
    fresh_tree()
    file(APPEND "${WORK}/tree/${file}" "#include ${include}\n")
    string(REGEX REPLACE "^include/" "" about "${file}")
    expect(ON check_reach "${about} brings in")
    set(failed ${failed} PARENT_SCOPE)
endfunction()

expect_broken_reach(include/postmark/receipt.hpp "<boost/json/fwd.hpp>")
expect_broken_reach(include/postmark/client.hpp "<openssl/opensslv.h>")
expect_broken_reach(include/postmark/client.hpp "<postmark/json.hpp>")

if(failed)
    message(FATAL_ERROR "not found: ${failed}")
endif()

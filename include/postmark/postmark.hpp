// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_POSTMARK_HPP
#define POSTMARK_POSTMARK_HPP

/// \file
/// Everything but `postmark/json.hpp` and `postmark/sandbox.hpp`.

#include <postmark/api/bounces.hpp>
#include <postmark/api/messages.hpp>
#include <postmark/client.hpp>
#include <postmark/config.hpp>
#include <postmark/error.hpp>
#include <postmark/message.hpp>
#include <postmark/observer.hpp>
#include <postmark/receipt.hpp>

#endif

// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_API_HPP
#define POSTMARK_API_HPP

/// \file
/// The requests and replies of every endpoint of the service, for `client::async_call`.

#include <postmark/api/bounces.hpp>
#include <postmark/api/bulk.hpp>
#include <postmark/api/data_removals.hpp>
#include <postmark/api/domains.hpp>
#include <postmark/api/inbound_rules.hpp>
#include <postmark/api/message_streams.hpp>
#include <postmark/api/messages.hpp>
#include <postmark/api/sender_signatures.hpp>
#include <postmark/api/server.hpp>
#include <postmark/api/servers.hpp>
#include <postmark/api/statistics.hpp>
#include <postmark/api/suppressions.hpp>
#include <postmark/api/templates.hpp>
#include <postmark/api/webhooks.hpp>

#endif

#ifndef POSTMARK_DISPATCH_ACTION_HPP
#define POSTMARK_DISPATCH_ACTION_HPP

#include <postmark/error_code.hpp>

#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace postmark::dispatch {

class call;
class connection;

/// Something that the client is to do, outside every lock.
struct action {
    enum class kind : std::uint8_t {
        /// Connect `where`.
        open,
        /// Put the calls of `where` on it. It is held if they are several.
        start,
        /// Call `flush` when whoever is about to submit more has done so.
        flush,
        /// End exchange number `exchange` of `where`; what it reports decides the outcome.
        abort,
        /// Close `where`, which the dispatcher has already forgotten.
        close,
        /// `subject` is over: with `error` if there is one, else as its last answer says.
        complete,
        /// A drain is over.
        drained,
    };

    kind what;
    call* subject = nullptr;
    connection* where = nullptr;
    std::shared_ptr<connection> keep{};
    std::uint64_t exchange = 0;
    /// `start`: the connection has idled and is to be looked at first.
    bool after_idling = false;
    std::optional<errc> error{};
    /// `complete`: time would run out during a pause that the service asked for.
    bool outlasted = false;
};

using actions = boost::container::small_vector<action, 4>;

} // namespace postmark::dispatch

#endif

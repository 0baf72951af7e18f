// SPDX-License-Identifier: BSL-1.0

#include "sandbox/certificates.hpp"
#include "sandbox/router.hpp"
#include "sandbox/session.hpp"
#include "sandbox/stream.hpp"
#include "sandbox/world.hpp"

#include <postmark/sandbox.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/errc.hpp>

#include <algorithm>
#include <csignal>
#include <map>
#include <stdexcept>
#include <thread>

namespace postmark::sandbox {
namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

/// Blocks every signal while it lives, and so in the threads that start meanwhile: the program handles its signals
/// itself, and a write to a connection that the peer has reset must not end it.
class blocked_signals {
public:
    blocked_signals()
    {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    blocked_signals(blocked_signals&&) = delete;
    ~blocked_signals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_;
};

/// The process, the system or the kernel has no descriptor or no memory left for one more connection.
bool is_exhaustion(boost::system::error_code error)
{
    namespace errc = boost::system::errc;
    return error == errc::too_many_files_open || error == errc::too_many_files_open_in_system ||
           error == errc::no_buffer_space || error == errc::not_enough_memory;
}

} // namespace

header::header(std::string header_name, std::string header_value)
    : name{std::move(header_name)}
    , value{std::move(header_value)}
{
}

class server::implementation {
public:
    explicit implementation(settings configuration);
    implementation(implementation&&) = delete;
    ~implementation() { stop(); }

    void stop();
    void close_idle_connections();

    settings const options;
    detail::monitor counts;
    detail::fault_plan faults;
    detail::world state;
    std::uint16_t port{0};
    std::string ca_path;

private:
    void listen();
    void accept();
    void admit(tcp::socket socket);

    std::unique_ptr<detail::authority_file> authority_;
    detail::context_pointer context_;
    std::mutex mutex_;
    std::vector<std::weak_ptr<detail::session>> sessions_;
    std::size_t sweep_at_{64};
    // Destroyed first: its handlers refer to the members above.
    std::unique_ptr<asio::io_context> io_;
    std::unique_ptr<tcp::acceptor> acceptor_;
    std::unique_ptr<asio::steady_timer> retry_;
    std::vector<std::thread> threads_;
};

server::implementation::implementation(settings configuration)
    : options{std::move(configuration)}
    , state{options, counts, faults}
    , io_{std::make_unique<asio::io_context>(static_cast<int>(std::max(1U, options.threads)))}
{
    if (options.tls) {
        detail::identity_options wanted;
        wanted.names = options.names;
        wanted.tls12_only = options.tls12_only;
        wanted.expired = options.expired_certificate;
        auto identity = detail::make_identity(wanted);
        context_ = std::move(identity.context);
        authority_ = std::make_unique<detail::authority_file>(options.ca_file, identity.authority_pem);
        ca_path = authority_->path();
    }
    listen();
    accept();
    blocked_signals const blocked;
    for (unsigned index = 0; index < std::max(1U, options.threads); ++index) {
        threads_.emplace_back([this] { io_->run(); });
    }
}

void server::implementation::listen()
{
    boost::system::error_code error;
    auto const address = asio::ip::make_address(options.host, error);
    if (error) {
        throw std::runtime_error("sandbox: \"" + options.host + "\" is not a numeric address");
    }
    acceptor_ = std::make_unique<tcp::acceptor>(*io_);
    tcp::endpoint const endpoint{address, options.port};
    acceptor_->open(endpoint.protocol(), error);
    if (!error) {
        acceptor_->set_option(asio::socket_base::reuse_address{true}, error);
    }
    if (!error) {
        acceptor_->bind(endpoint, error);
    }
    if (!error) {
        acceptor_->listen(4096, error);
    }
    if (error) {
        throw std::runtime_error("sandbox: cannot listen on " + options.host + " port " + std::to_string(options.port) +
                                 ": " + error.message());
    }
    port = acceptor_->local_endpoint().port();
}

void server::implementation::accept()
{
    auto const handle = [this](boost::system::error_code error, tcp::socket socket) {
        if (!error) {
            admit(std::move(socket));
        } else if (error == asio::error::operation_aborted) {
            return;
        } else if (is_exhaustion(error)) {
            // The connection stays in the queue of the kernel, so that accepting again at once would fail again at
            // once.
            retry_ = std::make_unique<asio::steady_timer>(acceptor_->get_executor(), std::chrono::milliseconds{50});
            retry_->async_wait([this](boost::system::error_code) { accept(); });
            return;
        }
        accept();
    };
    if (options.threads > 1) {
        acceptor_->async_accept(asio::any_io_executor{asio::make_strand(*io_)}, handle);
    } else {
        acceptor_->async_accept(asio::any_io_executor{io_->get_executor()}, handle);
    }
}

void server::implementation::admit(tcp::socket socket)
{
    try {
        auto const opened = std::make_shared<detail::session>(detail::stream{std::move(socket), context_.get()}, state,
                                                              options.keep_requests);
        {
            std::lock_guard const lock{mutex_};
            if (sessions_.size() >= sweep_at_) {
                std::erase_if(sessions_, [](auto const& entry) { return entry.expired(); });
                sweep_at_ = std::max<std::size_t>(64, sessions_.size() * 2);
            }
            sessions_.push_back(opened);
        }
        // The socket is used on its own strand only from here on.
        asio::post(opened->get_executor(), [opened] { opened->start(); });
    } catch (std::bad_alloc const&) {
        // No memory for another connection: it is closed, the others are served.
    }
}

void server::implementation::close_idle_connections()
{
    std::lock_guard const lock{mutex_};
    for (auto const& entry : sessions_) {
        if (auto const open = entry.lock()) {
            asio::post(open->get_executor(), [open] { open->close_if_idle(); });
        }
    }
}

void server::implementation::stop()
{
    {
        std::lock_guard const lock{mutex_};
        sessions_.clear();
    }
    if (!io_) {
        return;
    }
    io_->stop();
    for (auto& thread : threads_) {
        thread.join();
    }
    threads_.clear();
    retry_.reset();
    acceptor_.reset();
    io_.reset();
}

server::server(settings configuration)
    : implementation_{std::make_unique<implementation>(std::move(configuration))}
{
}

server::server(server&&) noexcept = default;
server& server::operator=(server&&) noexcept = default;
server::~server() = default;

std::uint16_t server::port() const
{
    return implementation_->port;
}

std::string const& server::host() const
{
    return implementation_->options.host;
}

std::string const& server::ca_file() const
{
    return implementation_->ca_path;
}

std::vector<stored_message> server::messages() const
{
    std::vector<stored_message> result;
    for_each_message([&](stored_message const& message) { result.push_back(message); });
    return result;
}

void server::for_each_message(std::function<void(stored_message const&)> const& visit) const
{
    auto& messages = implementation_->state.messages;
    messages.for_each([&](detail::record const& entry) { visit(messages.expand(entry)); });
}

std::size_t server::message_count() const
{
    return implementation_->state.messages.size();
}

std::vector<received_request> server::requests() const
{
    return implementation_->counts.requests();
}

statistics server::stats() const
{
    return implementation_->counts.snapshot();
}

void server::clear()
{
    {
        std::lock_guard const lock{implementation_->state.mutex};
        implementation_->state.forget_messages();
    }
    implementation_->counts.clear();
}

void server::set_faults(std::string_view script)
{
    if (auto const delay = implementation_->faults.load(script)) {
        implementation_->state.set_index_delay(*delay);
    }
}

void server::suppress(std::string_view address, std::string_view stream_id)
{
    implementation_->state.suppress(address, stream_id);
}

void server::add_template(std::string alias, std::int64_t id, std::string subject, std::string html, std::string text)
{
    implementation_->state.add_template(alias, id, subject, html, text);
}

void server::set_index_delay(std::chrono::milliseconds delay)
{
    implementation_->state.set_index_delay(delay);
}

bool server::wait_until(std::function<bool(statistics const&)> const& condition,
                        std::chrono::milliseconds timeout) const
{
    return implementation_->counts.wait_until(condition, timeout);
}

bool server::wait_for_requests(std::uint64_t count, std::chrono::milliseconds timeout) const
{
    return wait_until([=](statistics const& now) { return now.requests >= count; }, timeout);
}

bool server::wait_for_messages(std::uint64_t count, std::chrono::milliseconds timeout) const
{
    return wait_until([=](statistics const& now) { return now.messages >= count; }, timeout);
}

void server::close_idle_connections()
{
    implementation_->close_idle_connections();
}

void server::stop()
{
    implementation_->stop();
}

std::vector<std::string> routes()
{
    std::vector<std::string> result;
    for (auto const& row : detail::all_endpoints()) {
        result.push_back(std::string{row.method} + ' ' + std::string{row.path});
    }
    return result;
}

} // namespace postmark::sandbox

// SPDX-License-Identifier: BSL-1.0

// peer_curl: the same work with libcurl. Its multi interface is driven by epoll, handles and connections are kept, and
// Boost.JSON writes and reads the JSON.

#include "meter.hpp"
#include "peer.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <curl/curl.h>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <vector>

namespace {

// Makes one request at a time, repeatedly.
struct transfer {
    transfer() = default;

    CURL* handle{};
    std::string body;
    std::string reply;
    std::string message_id;
    bench::clock::time_point started;
};

class run {
public:
    explicit run(bench::options settings);
    run(run const&) = delete;
    run& operator=(run const&) = delete;
    ~run();

    bool execute();

private:
    static int watch_socket(CURL*, curl_socket_t socket, int action, void* self, void* watched);
    static int set_timer(CURLM*, long milliseconds, void* self);
    static std::size_t append_reply(char* data, std::size_t, std::size_t size, void* target);

    void start(transfer& current);
    void finish(transfer& current, CURLcode result);
    void work_until_idle();

    bench::options settings_;
    bench::peer_mail mail_;
    CURLM* multi_;
    curl_slist* headers_;
    int epoll_;
    bench::clock::time_point timer_{};
    bool timer_set_{false};
    std::vector<std::unique_ptr<transfer>> transfers_;
    std::size_t active_{0};
    std::int64_t left_{0};
    bool timed_{false};
    bench::clock::time_point end_;
    bench::meter meter_;
};

run::run(bench::options settings)
    : settings_{std::move(settings)}
    , mail_{settings_}
    , multi_{curl_multi_init()}
    , headers_{nullptr}
    , epoll_{::epoll_create1(0)}
{
    std::string const token_header = "X-Postmark-Server-Token: " + std::string{bench::token};
    for (char const* line :
         {"Content-Type: application/json", "Accept: application/json", token_header.c_str(), "Expect:"}) {
        headers_ = curl_slist_append(headers_, line);
    }
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &run::watch_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &run::set_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(settings_.connections));
    curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(settings_.connections));

    std::string const url = "https://" + settings_.host + ":" + settings_.port + mail_.path();
    for (std::size_t i = 0; i < settings_.callers; ++i) {
        transfer& added = *transfers_.emplace_back(std::make_unique<transfer>());
        added.handle = curl_easy_init();
        curl_easy_setopt(added.handle, CURLOPT_URL, url.c_str());
        curl_easy_setopt(added.handle, CURLOPT_CAINFO, settings_.ca.c_str());
        curl_easy_setopt(added.handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
        curl_easy_setopt(added.handle, CURLOPT_HTTPHEADER, headers_);
        curl_easy_setopt(added.handle, CURLOPT_POST, 1L);
        curl_easy_setopt(added.handle, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(added.handle, CURLOPT_WRITEFUNCTION, &run::append_reply);
        curl_easy_setopt(added.handle, CURLOPT_WRITEDATA, &added);
        curl_easy_setopt(added.handle, CURLOPT_PRIVATE, &added);
        if (settings_.reconnect) {
            curl_easy_setopt(added.handle, CURLOPT_FORBID_REUSE, 1L);
        }
    }
}

run::~run()
{
    for (std::unique_ptr<transfer> const& item : transfers_) {
        curl_easy_cleanup(item->handle);
    }
    curl_multi_cleanup(multi_);
    curl_slist_free_all(headers_);
}

int run::watch_socket(CURL*, curl_socket_t socket, int action, void* self, void* watched)
{
    run& owner = *static_cast<run*>(self);
    epoll_event event{};
    event.data.fd = socket;
    if (action == CURL_POLL_REMOVE) {
        ::epoll_ctl(owner.epoll_, EPOLL_CTL_DEL, socket, &event);
        return 0;
    }
    event.events = (action & CURL_POLL_IN ? static_cast<std::uint32_t>(EPOLLIN) : 0) |
                   (action & CURL_POLL_OUT ? static_cast<std::uint32_t>(EPOLLOUT) : 0);
    ::epoll_ctl(owner.epoll_, watched != nullptr ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event);
    curl_multi_assign(owner.multi_, socket, &owner);
    return 0;
}

int run::set_timer(CURLM*, long milliseconds, void* self)
{
    run& owner = *static_cast<run*>(self);
    owner.timer_set_ = milliseconds >= 0;
    owner.timer_ = bench::clock::now() + std::chrono::milliseconds{milliseconds};
    return 0;
}

std::size_t run::append_reply(char* data, std::size_t, std::size_t size, void* target)
{
    static_cast<transfer*>(target)->reply.append(data, size);
    return size;
}

void run::start(transfer& current)
{
    current.started = bench::clock::now();
    current.body = mail_.write_body();
    current.reply.clear();
    curl_easy_setopt(current.handle, CURLOPT_POSTFIELDS, current.body.data());
    curl_easy_setopt(current.handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(current.body.size()));
    ++active_;
    curl_multi_add_handle(multi_, current.handle);
}

void run::finish(transfer& current, CURLcode result)
{
    --active_;
    std::size_t done = 1;
    if (result == CURLE_OK) {
        try {
            done = bench::peer_mail::read_reply(current.reply, current.message_id);
        } catch (std::exception const&) {
            result = CURLE_RECV_ERROR;
        }
    }
    meter_.times.record(bench::clock::now() - current.started);
    meter_.messages += done;
    if (result != CURLE_OK) {
        ++meter_.failures;
        meter_.first_failure = curl_easy_strerror(result);
    }
    if (timed_ ? bench::clock::now() < end_ : left_-- > 0) {
        start(current);
    }
}

void run::work_until_idle()
{
    std::array<epoll_event, 256> events;
    while (active_ > 0) {
        int wait = -1;
        if (timer_set_) {
            wait = static_cast<int>(std::max<std::int64_t>(
                0, std::chrono::ceil<std::chrono::milliseconds>(timer_ - bench::clock::now()).count()));
        }
        int const count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait);
        int running = 0;
        for (int i = 0; i < count; ++i) {
            epoll_event const& event = events[static_cast<std::size_t>(i)];
            int const ready = (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR) ? CURL_CSELECT_IN : 0) |
                              (event.events & EPOLLOUT ? CURL_CSELECT_OUT : 0);
            curl_multi_socket_action(multi_, event.data.fd, ready, &running);
        }
        if (timer_set_ && bench::clock::now() >= timer_) {
            timer_set_ = false;
            curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        int waiting = 0;
        while (CURLMsg const* const message = curl_multi_info_read(multi_, &waiting)) {
            if (message->msg == CURLMSG_DONE) {
                CURL* const handle = message->easy_handle;
                CURLcode const result = message->data.result;
                transfer* finished = nullptr;
                curl_easy_getinfo(handle, CURLINFO_PRIVATE, &finished);
                curl_multi_remove_handle(multi_, handle);
                finish(*finished, result);
            }
        }
    }
}

bool run::execute()
{
    bool const large = settings_.reconnect || settings_.mode != "single";
    left_ = static_cast<std::int64_t>((large ? 1 : 4) * settings_.connections);
    for (std::unique_ptr<transfer> const& item : transfers_) {
        start(*item);
    }
    work_until_idle();
    std::string const warm_up_failure = meter_.first_failure;

    meter_ = bench::meter{};
    timed_ = settings_.count == 0;
    meter_.start();
    end_ = bench::clock::now() + settings_.time();
    left_ = settings_.calls();
    for (std::unique_ptr<transfer> const& item : transfers_) {
        if (timed_ || left_-- > 0) {
            start(*item);
        }
    }
    work_until_idle();
    meter_.stop();
    if (!warm_up_failure.empty()) {
        meter_.first_failure = warm_up_failure;
    }
    meter_.print(settings_);
    return meter_.first_failure.empty();
}

} // namespace

int main(int argc, char** argv)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    run work{bench::parse(argc, argv, "single|batch|attachment")};
    return work.execute() ? 0 : 1;
}

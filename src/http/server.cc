#include "http/server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string_view>
#include <utility>

#include "base/ensure.h"
#include "http/openmetrics.h"
#include "http/page.h"
#include "loop/event.h"

namespace cluster::http {

namespace {

constexpr int kBacklog = 16;
constexpr auto kLookAgainAfter = std::chrono::milliseconds(100);
constexpr char kPageType[] = "text/html; charset=utf-8";
constexpr char kJsonType[] = "application/json";
constexpr char kTextType[] = "text/plain; charset=utf-8";

std::string shown(const Address& address) {
  const bool v6 = address.ip.find(':') != std::string::npos;
  return (v6 ? "[" + address.ip + "]" : address.ip) + ":" + std::to_string(address.port);
}

// Its length; 0: that is no address.
int fill(const Address& address, sockaddr_storage& out) {
  auto* in = reinterpret_cast<sockaddr_in*>(&out);
  if (evutil_inet_pton(AF_INET, address.ip.c_str(), &in->sin_addr) == 1) {
    in->sin_family = AF_INET;
    in->sin_port = htons(address.port);
    return sizeof *in;
  }
  auto* in6 = reinterpret_cast<sockaddr_in6*>(&out);
  if (evutil_inet_pton(AF_INET6, address.ip.c_str(), &in6->sin6_addr) != 1) return 0;
  in6->sin6_family = AF_INET6;
  in6->sin6_port = htons(address.port);
  return sizeof *in6;
}

// "[::1]:80", "127.0.0.1:80" or "localhost" without the port.
std::string_view host_part(std::string_view host) {
  if (!host.empty() && host.front() == '[') return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

// A name that leads to this machine's loopback is no name of it: a page in somebody's browser may have such a name and
// is not to read what only users of this machine may.
bool is_loopback_name(std::string_view host) {
  const std::string_view name = host_part(host);
  return name == "localhost" || name == "[::1]" || name.starts_with("127.");
}

bool is_loopback(const sockaddr* address) {
  if (address->sa_family == AF_INET6)
    return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr) != 0;
  return address->sa_family == AF_INET &&
         (ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr) >> 24) == 127;
}

}  // namespace

class Server::Impl {
 public:
  Impl(event_base* base, Pages pages)
      : base_(base),
        pages_(std::move(pages)),
        http_(evhttp_new(base)),
        look_again_(evtimer_new(
            base, [](evutil_socket_t, short, void* self) { static_cast<Impl*>(self)->look(); },
            this)) {
    ENSURE(http_ != nullptr && look_again_ != nullptr);
    evhttp_set_allowed_methods(http_, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
    evhttp_set_max_headers_size(http_, kMaxRequestBytes);
    evhttp_set_max_body_size(http_, 0);
    evhttp_set_timeout(http_, kSilenceSeconds);
    evhttp_set_bevcb(
        http_, [](event_base*, void* self) { return static_cast<Impl*>(self)->accept(); }, this);
    evhttp_set_gencb(
        http_,
        [](evhttp_request* request, void* self) { static_cast<Impl*>(self)->answer(request); },
        this);
  }

  ~Impl() {
    evhttp_free(http_);
    for (const Connection& connection : connections_) bufferevent_decref(connection.socket);
  }

  Status listen(const Address& address) {
    sockaddr_storage storage{};
    const int length = fill(address, storage);
    if (length == 0) return Error{shown(address) + " is no address"};
    evconnlistener* listener = evconnlistener_new_bind(
        base_, nullptr, nullptr, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
        kBacklog, reinterpret_cast<sockaddr*>(&storage), length);
    if (listener == nullptr) return Error{shown(address) + ": " + strerror(errno)};
    if (evhttp_bind_listener(http_, listener) == nullptr) {
      evconnlistener_free(listener);
      return Error{shown(address) + ": libevent does not take it"};
    }
    listeners_.push_back(listener);
    return {};
  }

  std::vector<Address> addresses() const {
    std::vector<Address> out;
    for (evconnlistener* listener : listeners_) {
      sockaddr_storage storage{};
      socklen_t length = sizeof storage;
      auto* address = reinterpret_cast<sockaddr*>(&storage);
      ENSURE(getsockname(evconnlistener_get_fd(listener), address, &length) == 0);
      char text[INET6_ADDRSTRLEN] = "";
      const bool v6 = address->sa_family == AF_INET6;
      const auto* in = reinterpret_cast<const sockaddr_in*>(address);
      const auto* in6 = reinterpret_cast<const sockaddr_in6*>(address);
      evutil_inet_ntop(address->sa_family,
                       v6 ? static_cast<const void*>(&in6->sin6_addr) : &in->sin_addr, text,
                       sizeof text);
      out.push_back({text, ntohs(v6 ? in6->sin6_port : in->sin_port)});
    }
    return out;
  }

 private:
  struct Connection {
    bufferevent* socket;  // of which one reference is ours
    std::chrono::steady_clock::time_point since;
  };

  // libevent tells nobody when it drops a connection, but then nobody is called any more for its socket.
  static bool is_dropped(const Connection& connection) {
    bufferevent_data_cb read = nullptr, write = nullptr;
    bufferevent_event_cb event = nullptr;
    bufferevent_getcb(connection.socket, &read, &write, &event, nullptr);
    return read == nullptr && write == nullptr && event == nullptr;
  }

  bufferevent* accept() {
    look();
    bufferevent* socket = bufferevent_socket_new(base_, -1, 0);
    ENSURE(socket != nullptr);
    bufferevent_incref(socket);
    connections_.push_back({socket, std::chrono::steady_clock::now()});
    if (connections_.size() >= kMaxConnections)
      for (evconnlistener* listener : listeners_) evconnlistener_disable(listener);
    if (!event_pending(look_again_.get(), EV_TIMEOUT, nullptr))
      start_timer(look_again_, kLookAgainAfter);
    return socket;
  }

  void look() {
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(connections_, [&](const Connection& connection) {
      if (!is_dropped(connection)) {
        if (now - connection.since > std::chrono::seconds(kLifeSeconds))
          ::shutdown(bufferevent_getfd(connection.socket), SHUT_RDWR);
        return false;
      }
      bufferevent_decref(connection.socket);
      return true;
    });
    if (connections_.size() < kMaxConnections)
      for (evconnlistener* listener : listeners_) evconnlistener_enable(listener);
    if (!connections_.empty()) start_timer(look_again_, kLookAgainAfter);
  }

  void answer(evhttp_request* request) {
    evkeyvalq* headers = evhttp_request_get_output_headers(request);
    evhttp_add_header(headers, "Connection", "close");
    evhttp_add_header(headers, "Cache-Control", "no-store");
    evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    evhttp_add_header(headers, "Content-Security-Policy",
                      "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
                      "img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
                      "frame-ancestors 'none'");
    const char* host = evhttp_find_header(evhttp_request_get_input_headers(request), "Host");
    if (came_by_loopback(request) && host != nullptr && !is_loopback_name(host))
      return send(request, HTTP_BADREQUEST, kTextType,
                  "the host is to be named as localhost or by its address\n");
    const evhttp_uri* uri = evhttp_request_get_evhttp_uri(request);
    const char* path = uri == nullptr ? nullptr : evhttp_uri_get_path(uri);
    const std::string_view wanted = path == nullptr ? "" : path;
    if (wanted == "/" || wanted.empty())
      send(request, HTTP_OK, kPageType, kPage);
    else if (wanted == "/status.json")
      send(request, HTTP_OK, kJsonType, pages_.status());
    else if (wanted == "/events.json")
      send(request, HTTP_OK, kJsonType, pages_.events());
    else if (wanted == "/metrics")
      send(request, HTTP_OK, OpenMetrics::kContentType, pages_.metrics());
    else
      send(request, HTTP_NOTFOUND, kTextType,
           "there are /, /status.json, /events.json and /metrics\n");
  }

  static bool came_by_loopback(evhttp_request* request) {
    bufferevent* socket = evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    auto* address = reinterpret_cast<sockaddr*>(&storage);
    return getsockname(bufferevent_getfd(socket), address, &length) == 0 && is_loopback(address);
  }

  static void send(evhttp_request* request, int code, const char* type, std::string_view body) {
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", type);
    evbuffer* out = evbuffer_new();
    ENSURE(out != nullptr && evbuffer_add(out, body.data(), body.size()) == 0);
    evhttp_send_reply(request, code, nullptr, out);
    evbuffer_free(out);
  }

  event_base* const base_;
  const Pages pages_;
  evhttp* const http_;
  std::vector<evconnlistener*> listeners_;  // http_'s
  std::vector<Connection> connections_;
  const EventPtr look_again_;
};

Result<std::unique_ptr<Server>> Server::listen(event_base* base,
                                               const std::vector<Address>& addresses, Pages pages) {
  auto impl = std::make_unique<Impl>(base, std::move(pages));
  for (const Address& address : addresses)
    if (Status listening = impl->listen(address); !listening) return Error{listening.error()};
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;
std::vector<Address> Server::addresses() const { return impl_->addresses(); }

}  // namespace cluster::http

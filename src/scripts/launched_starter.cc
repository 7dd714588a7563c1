#include "scripts/launched_starter.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "scripts/packets.h"

namespace cluster::scripts {

namespace {

int receive_message(int socket, wire::FromLauncher* out) {
  Packet packet;
  const int error = receive_packet(socket, &packet);
  if (error == 0 && !out->ParseFromString(packet.bytes)) return EBADMSG;
  return error;
}

}  // namespace

LaunchedStarter::LaunchedStarter(event_base* base, std::function<void(const std::string&)> lost)
    : base_(base),
      lost_(std::move(lost)),
      direct_(base),
      news_(base, -1, 0, [this] { tell_end(); }) {
  direct_.on_end([this] { tell_end(); });
}

Status LaunchedStarter::use(Fd socket) {
  ENSURE(!socket_);
  socket_ = std::move(socket);
  wire::FromLauncher message;
  const int error = await_message(&message);
  if (error != 0 || message.begun() <= 0) {
    socket_.reset();
    return Error{error != 0 ? strerror(error) : "it says what makes no sense"};
  }
  launcher_ = message.begun();
  readable_ =
      std::make_unique<Watch>(base_, socket_.get(), EV_READ | EV_PERSIST, [this] { take_news(); });
  readable_->add();
  return {};
}

int LaunchedStarter::spawn(const Spawn& what, pid_t* pid) {
  const auto error = start(what, false, pid);
  return error ? *error : direct_.spawn(what, pid);
}

int LaunchedStarter::hold(const Spawn& what, pid_t* pid) {
  const auto error = start(what, true, pid);
  return error ? *error : direct_.hold(what, pid);
}

std::optional<int> LaunchedStarter::start(const Spawn& what, bool held, pid_t* pid) {
  if (!socket_) return std::nullopt;
  wire::ToLauncher order;
  auto& start = *order.mutable_start();
  start.set_path(what.path);
  for (const std::string& word : what.arguments) start.add_arguments(word);
  start.set_folder(what.folder);
  for (const auto& [name, value] : what.environment) {
    auto& variable = *start.add_environment();
    variable.set_name(name);
    variable.set_value(value);
  }
  start.set_output(what.output >= 0);
  start.set_cgroup(what.cgroup >= 0);
  start.set_held(held);
  const int sent =
      send_packet(socket_.get(), order.SerializeAsString(), {what.output, what.cgroup}, false);
  if (sent == E2BIG || sent == EMSGSIZE) return E2BIG;
  if (sent != 0) {
    lose(strerror(sent));
    return std::nullopt;
  }
  const int error = await_answer(pid);
  if (error == 0) running_.insert(*pid);
  return error;
}

int LaunchedStarter::release(pid_t held) {
  if (ends_.contains(held)) return ESRCH;
  if (!running_.contains(held)) return direct_.release(held);
  wire::ToLauncher what;
  what.set_release(held);
  const int error = order(what);
  if (error != 0) forget(held);
  return error;
}

void LaunchedStarter::drop(pid_t held) {
  if (!ends_.contains(held) && !running_.contains(held)) return direct_.drop(held);
  wire::ToLauncher what;
  what.set_drop(held);
  if (socket_) order(what);
  forget(held);
}

void LaunchedStarter::forget(pid_t pid) {
  running_.erase(pid);
  ends_.erase(pid);
}

std::optional<ChildEnd> LaunchedStarter::end_of(pid_t pid) {
  const auto at = ends_.find(pid);
  if (at == ends_.end()) return running_.contains(pid) ? std::nullopt : direct_.end_of(pid);
  const ChildEnd end = at->second;
  ends_.erase(at);
  if (socket_) {
    wire::ToLauncher seen;
    seen.set_seen(pid);
    const int error = send_packet(socket_.get(), seen.SerializeAsString(), {-1, -1}, false);
    if (error != 0) lose(strerror(error));
  }
  return end;
}

int LaunchedStarter::order(const wire::ToLauncher& what) {
  const int error = send_packet(socket_.get(), what.SerializeAsString(), {-1, -1}, false);
  if (error == 0) return await_answer(nullptr);
  lose(strerror(error));
  return ECONNRESET;
}

int LaunchedStarter::await_answer(pid_t* pid) {
  for (;;) {
    wire::FromLauncher message;
    const int error = await_message(&message);
    if (error != 0) {
      lose(strerror(error));
      return ECONNRESET;
    }
    if (message.has_ended()) {
      take_end(message.ended());
    } else if (message.has_done()) {
      if (pid != nullptr) *pid = message.done().pid();
      return message.done().error();
    }
  }
}

int LaunchedStarter::await_message(wire::FromLauncher* out) const {
  pollfd ready{socket_.get(), POLLIN, 0};
  const int count = poll(&ready, 1, static_cast<int>(to_ms(kLauncherPatience)));
  if (count < 0 && errno != EINTR) return errno;
  if (count == 0) return ETIMEDOUT;
  const int error = receive_message(socket_.get(), out);
  return error == EAGAIN ? await_message(out) : error;
}

void LaunchedStarter::take_news() {
  while (socket_) {
    wire::FromLauncher message;
    const int error = receive_message(socket_.get(), &message);
    if (error == EAGAIN) break;
    if (error != 0) {
      lose(strerror(error));
    } else if (message.has_ended()) {
      take_end(message.ended());
    }
  }
  tell_end();
}

void LaunchedStarter::take_end(const wire::FromLauncher::Ended& ended) {
  if (running_.erase(ended.pid()) == 0) return;
  ends_[ended.pid()] = ChildEnd{ended.code(), ended.status()};
  news_.add(Duration{});
}

void LaunchedStarter::lose(const std::string& why) {
  readable_->remove();
  socket_.reset();
  // One that is frozen is not to go on later with what it was told.
  kill(launcher_, SIGKILL);
  for (const pid_t pid : std::exchange(running_, {})) {
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
    ends_[pid] = ChildEnd{CLD_KILLED, SIGKILL};
  }
  news_.add(Duration{});
  lost_(why);
}

}  // namespace cluster::scripts

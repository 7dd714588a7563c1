#include "bus/handler.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/ensure.h"

namespace cluster::bus {
namespace {

constexpr const char* kHandlerName = "com.bammeson.clusterhandler";
constexpr const char* kHandlerPath = "/com/bammeson/clusterhandler";
constexpr Milliseconds kDriverTimeout{25'000};

void send(sdbus::IConnection& connection, const std::string& destination, bool online,
          const std::string& name) {
  const auto proxy = create_proxy(connection, destination, kHandlerPath);
  sdbus::MethodCall call = create_call(*proxy, kHandlerName, online ? "hostOnline" : "hostOffline");
  call << name;
  call.dontExpectReply();
  call.send(0);
}

}  // namespace

void Clusterhandler::forget() {
  ended_.reset();
  pidfd_.reset();
  pid_ = 0;
  caller_.clear();
}

bool Clusterhandler::accept(int32_t pid, const std::string& caller) {
  if (pid <= 0) return false;
  // Close-on-exec by itself. A descriptor, unlike the number, cannot come to mean another process.
  Fd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!fd) return false;
  forget();
  pid_ = pid;
  pidfd_ = std::move(fd);
  caller_ = caller;
  const auto ended = [](evutil_socket_t, short, void* self) {
    static_cast<Clusterhandler*>(self)->forget();
  };
  ended_.reset(event_new(base_, pidfd_.get(), EV_READ, ended, this));
  ENSURE(ended_ != nullptr && event_add(ended_.get(), nullptr) == 0);
  return true;
}

void Clusterhandler::tell(sdbus::IConnection& connection, sdbus::IProxy& driver, bool online,
                          const std::string& name, std::function<void()> sent) const {
  if (!registered()) return;
  // Calling the well-known name itself could make the bus start a program for it.
  sdbus::MethodCall ask = create_call(driver, kDriverName, "GetNameOwner");
  ask << kHandlerName;
  call_async(driver, ask, kDriverTimeout,
             [&connection, online, name, caller = caller_, sent = std::move(sent)](
                 sdbus::MethodReply* reply, const sdbus::Error*) {
               std::string owner = caller;
               if (reply) *reply >> owner;
               if (owner.empty()) return;
               send(connection, owner, online, name);
               sent();
             });
}

}  // namespace cluster::bus

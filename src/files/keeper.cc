#include "files/keeper.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>

#include "files/clock.h"
#include "files/works.h"

namespace cluster::files {

namespace {

constexpr char kRetainedFolder[] = "retained";
constexpr char kBasesFolder[] = "bases";
constexpr Duration kViewInterval = milliseconds(200);

struct Asked {
  Request request;
  Answer answer;
};
struct LogAsked {
  std::string path;
  LogAnswer answer;
};
struct OwnAsked {
  sync::Own order;
  Owned answer;
};
using Input = std::variant<Roots, core::FilesPeerUp, core::FilesPeerDown, core::FilesHeard, Asked,
                           LogAsked, OwnAsked, sync::EndOwning>;

class ThreadKeeper final : public Keeper {
 public:
  explicit ThreadKeeper(std::unique_ptr<Works> works)
      : works_(std::move(works)), wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    // Signals are for the loop's thread.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  ~ThreadKeeper() override {
    {
      std::lock_guard guard(mutex_);
      closing_ = true;
    }
    wake();
    thread_.join();
  }

  void configure(Roots roots) override { push(std::move(roots)); }
  void perform(core::FilesPeerUp action) override { push(std::move(action)); }
  void perform(core::FilesPeerDown action) override { push(action); }
  void perform(core::FilesHeard action) override { push(std::move(action)); }
  void request(Request request, Answer answer) override {
    push(Asked{std::move(request), std::move(answer)});
  }

  void log(std::string path, LogAnswer answer) override {
    push(LogAsked{std::move(path), std::move(answer)});
  }

  void own(sync::Own order, Owned answer) override {
    push(OwnAsked{std::move(order), std::move(answer)});
  }
  void end_owning(std::string root) override { push(sync::EndOwning{std::move(root)}); }

  std::vector<sync::RootView> view() const override {
    std::lock_guard guard(mutex_);
    return view_;
  }
  std::vector<sync::ClockOfPeer> clocks() const override {
    std::lock_guard guard(mutex_);
    return clocks_;
  }

 private:
  void push(Input input) {
    {
      std::lock_guard guard(mutex_);
      inputs_.push_back(std::move(input));
    }
    wake();
  }

  void wake() {
    const uint64_t one = 1;
    (void)!write(wake_.get(), &one, sizeof one);
  }

  void take(Input& input) {
    if (auto* roots = std::get_if<Roots>(&input)) {
      works_->configure(std::move(*roots));
    } else if (auto* up = std::get_if<core::FilesPeerUp>(&input)) {
      works_->peer_up(*up);
    } else if (auto* down = std::get_if<core::FilesPeerDown>(&input)) {
      works_->peer_down(*down);
    } else if (auto* heard = std::get_if<core::FilesHeard>(&input)) {
      works_->heard(*heard);
    } else if (auto* asked = std::get_if<Asked>(&input)) {
      works_->request(asked->request, std::move(asked->answer));
    } else if (auto* log = std::get_if<LogAsked>(&input)) {
      log->answer(works_->log_of(log->path));
    } else if (auto* own = std::get_if<OwnAsked>(&input)) {
      works_->own(std::move(own->order), std::move(own->answer));
    } else if (auto* end = std::get_if<sync::EndOwning>(&input)) {
      works_->end_owning(end->root);
    }
  }

  void run() {
    pthread_setname_np(pthread_self(), "files");
    bool more = true;
    while (true) {
      wait(more);
      std::deque<Input> inputs;
      {
        std::lock_guard guard(mutex_);
        if (closing_) return;
        inputs.swap(inputs_);
      }
      for (Input& input : inputs) take(input);
      more = works_->step();
      show(more);
    }
  }

  // For something to do.
  void wait(bool more) {
    std::vector<pollfd> polled{{wake_.get(), POLLIN, 0}};
    for (const int fd : works_->fds()) polled.push_back({fd, POLLIN, 0});
    MonoTime next = works_->next();
    if (shown_revision_ != works_->revision()) next = std::min(next, shown_at_ + kViewInterval);
    timespec timeout{};
    const MonoTime now = read_clocks().mono;
    if (!more && next > now) {
      const Duration left = std::min<Duration>(next - now, hours(1));
      timeout.tv_sec = std::chrono::duration_cast<seconds>(left).count();
      timeout.tv_nsec = (left % seconds(1)).count();
    }
    const int ready = ppoll(polled.data(), polled.size(), &timeout, nullptr);
    works_->rested(read_clocks().mono - now);
    if (ready <= 0) return;
    if (polled[0].revents != 0) {
      uint64_t count = 0;
      (void)!read(wake_.get(), &count, sizeof count);
    }
    for (size_t i = 1; i < polled.size(); ++i)
      if (polled[i].revents != 0) works_->readable(polled[i].fd);
  }

  void show(bool more) {
    const MonoTime now = read_clocks().mono;
    if (shown_revision_ == works_->revision()) return;
    if (now < shown_at_ + kViewInterval && (more || shown_revision_ != 0)) return;
    shown_revision_ = works_->revision();
    shown_at_ = now;
    std::vector<sync::RootView> view = works_->view();
    std::vector<sync::ClockOfPeer> clocks = works_->clocks();
    std::lock_guard guard(mutex_);
    view_ = std::move(view);
    clocks_ = std::move(clocks);
  }

  std::unique_ptr<Works> works_;
  const Fd wake_;
  mutable std::mutex mutex_;
  std::deque<Input> inputs_;
  std::vector<sync::RootView> view_;
  std::vector<sync::ClockOfPeer> clocks_;
  bool closing_ = false;
  uint64_t shown_revision_ = 0;
  MonoTime shown_at_ = MonoTime(Duration(0));
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Keeper>> Keeper::start(const std::string& state_dir, sync::Self self,
                                              uint64_t seed, KeeperCalls calls) {
  std::string lost;
  auto index = store::Index::open(state_dir, &lost);
  if (!index) return Error{index.error()};
  if (!lost.empty()) calls.alert(lost);
  auto retained = Retained::open(state_dir + "/" + kRetainedFolder);
  if (!retained) return Error{retained.error()};
  auto works = std::make_unique<Works>(std::move(*index), std::move(*retained),
                                       Bases(state_dir + "/" + kBasesFolder), std::move(self), seed,
                                       std::move(calls));
  return std::unique_ptr<Keeper>(std::make_unique<ThreadKeeper>(std::move(works)));
}

}  // namespace cluster::files

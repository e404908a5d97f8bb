#include "app/cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "app/cli/verb.h"

namespace quern::cli {

namespace {

// A signal handler may write to a pipe, but hardly anything else; a thread reads it and acts.
constexpr char interrupt_byte = 'i', quit_byte = 'q';
std::array<int, 2> signal_pipe;

void send(char byte) {
  const int saved = errno;
  [[maybe_unused]] const ssize_t written = write(signal_pipe[1], &byte, 1);
  errno = saved;
}

void handle(int) { send(interrupt_byte); }

}  // namespace

Interrupt::Interrupt() {
  if (pipe(signal_pipe.data()) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe");
  }
  watcher_ = std::thread([this] { watch(); });
  struct sigaction action = {};
  action.sa_handler = handle;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
}

Interrupt::~Interrupt() {
  signal(SIGINT, SIG_DFL);
  send(quit_byte);
  watcher_.join();
  close(signal_pipe[0]);
  close(signal_pipe[1]);
}

std::stop_token Interrupt::token() const {
  const std::lock_guard lock(mutex_);
  return stop_.get_token();
}

void Interrupt::reset() {
  const std::lock_guard lock(mutex_);
  if (stop_.stop_requested()) stop_ = std::stop_source();
}

void Interrupt::watch() {
  for (;;) {
    char byte = 0;
    const ssize_t n = read(signal_pipe[0], &byte, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n != 1 || byte == quit_byte) return;
    const std::lock_guard lock(mutex_);
    if (!stop_.request_stop()) std::_Exit(interrupted);
  }
}

}  // namespace quern::cli

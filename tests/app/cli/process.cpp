#include "tests/app/cli/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>
#include <system_error>

namespace quern::tests {

namespace {

struct Pipe {
  Pipe() {
    if (pipe2(ends, O_CLOEXEC) != 0)
      throw std::system_error(errno, std::generic_category(), "pipe");
  }
  int ends[2];
};

[[noreturn]] void become_cli(const std::vector<std::string>& arguments, const Pipe& in,
                             const Pipe& out, const Pipe& error, size_t file_size_limit) {
  dup2(in.ends[0], STDIN_FILENO);
  dup2(out.ends[1], STDOUT_FILENO);
  dup2(error.ends[1], STDERR_FILENO);
  if (file_size_limit > 0) {
    signal(SIGXFSZ, SIG_IGN);  // so that writing fails as on a full disk
    const rlimit limit{file_size_limit, file_size_limit};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  std::vector<char*> argv = {const_cast<char*>(QUERN_CLI)};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execv(QUERN_CLI, argv.data());
  _exit(127);
}

/// Appends what can be read now. Returns false at the end.
bool read_some(int file, std::string& text) {
  char buffer[4096];
  const ssize_t n = read(file, buffer, sizeof(buffer));
  if (n > 0) text.append(buffer, size_t(n));
  return n > 0;
}

}  // namespace

ProcessResult run_cli(const std::vector<std::string>& arguments, const ProcessOptions& options) {
  const Pipe in, out, error;
  const pid_t child = fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child == 0) become_cli(arguments, in, out, error, options.file_size_limit);
  close(in.ends[0]);
  close(out.ends[1]);
  close(error.ends[1]);

  signal(SIGPIPE, SIG_IGN);  // the program may end without reading its input
  [[maybe_unused]] const ssize_t written =
      write(in.ends[1], options.input.data(), options.input.size());
  close(in.ends[1]);

  ProcessResult result{};
  bool interrupted = options.interrupt_after.empty();
  pollfd files[] = {{out.ends[0], POLLIN, 0}, {error.ends[0], POLLIN, 0}};
  while (files[0].fd >= 0 || files[1].fd >= 0) {
    poll(files, 2, -1);
    if (files[0].revents != 0 && !read_some(files[0].fd, result.out)) files[0].fd = -1;
    if (files[1].revents != 0 && !read_some(files[1].fd, result.error)) files[1].fd = -1;
    if (!interrupted && result.out.find(options.interrupt_after) != std::string::npos) {
      kill(child, SIGINT);
      interrupted = true;
    }
  }
  close(out.ends[0]);
  close(error.ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

std::vector<nlohmann::ordered_json> ProcessResult::objects() const {
  std::vector<nlohmann::ordered_json> objects;
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);)
    objects.push_back(nlohmann::ordered_json::parse(line));
  return objects;
}

}  // namespace quern::tests

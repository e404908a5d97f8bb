// Streams 20 kB of Markdown into the window and prints how long its thread took for an event:
// window_stalls [CHARACTERS_PER_FRAME]. Processor time tells what we cost, wall time what a busy
// machine adds.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <vector>

#include <QFile>
#include <QGuiApplication>
#include <QTimer>

#include "tests/qml/ui_fixture.h"

using namespace quern;

namespace {

double milliseconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return double(time.tv_sec) * 1e3 + double(time.tv_nsec) * 1e-6;
}

/// Times each event that the GUI thread handles, from outside: what one sends inside another counts
/// for the outer one.
class StopwatchApplication : public QGuiApplication {
 public:
  using QGuiApplication::QGuiApplication;

  bool notify(QObject* receiver, QEvent* event) override {
    if (!measuring || depth_ > 0) return QGuiApplication::notify(receiver, event);
    ++depth_;
    const double wall = milliseconds(CLOCK_MONOTONIC);
    const double processor = milliseconds(CLOCK_THREAD_CPUTIME_ID);
    const bool result = QGuiApplication::notify(receiver, event);
    walls.push_back(milliseconds(CLOCK_MONOTONIC) - wall);
    processors.push_back(milliseconds(CLOCK_THREAD_CPUTIME_ID) - processor);
    --depth_;
    return result;
  }

  bool measuring = false;
  std::vector<double> walls;
  std::vector<double> processors;

 private:
  int depth_ = 0;
};

void print(const char* name, std::vector<double> times) {
  std::sort(times.begin(), times.end());
  const auto at = [&](double share) {
    return times[static_cast<size_t>(share * double(times.size() - 1))];
  };
  const auto late = times.end() - std::upper_bound(times.begin(), times.end(), 16.0);
  std::printf("%-10s events %zu  median %.2f  99%% %.2f  longest %.2f ms  over 16 ms: %td\n", name,
              times.size(), at(0.5), at(0.99), times.back(), late);
}

QString markdown(qsizetype size) {
  QString text;
  while (text.size() < size) {
    for (const char* name : {"answer.md", "everything.md"}) {
      QFile file(QStringLiteral(QUERN_TEST_DATA "/markdown/") + QLatin1String(name));
      if (!file.open(QIODevice::ReadOnly)) qFatal("cannot read %s", name);
      text += QString::fromUtf8(file.readAll()) + u'\n';
    }
  }
  return text.left(size);
}

}  // namespace

int main(int argc, char* argv[]) {
  StopwatchApplication application(argc, argv);
  tests::prepareApplication();
  tests::UiFixture fixture;
  QQuickWindow* window = fixture.open();
  window->resize(1280, 800);
  fixture.backend.interval = 16;
  fixture.backend.characters_per_step = argc > 1 ? std::atoi(argv[1]) : 24;
  fixture.backend.answer = markdown(20000);
  fixture.session->model()->load(QStringLiteral("/models/tiny"));

  QObject::connect(fixture.session->model(), &app::ModelSlot::ready, &application, [&] {
    // A short answer first: what is made once is not what is measured.
    const QString whole = std::exchange(fixture.backend.answer, markdown(1500));
    QTimer::singleShot(500, &application, [&fixture, &application, whole] {
      fixture.session->send(QStringLiteral("Warm up"));
      QTimer::singleShot(4000, fixture.session.get(), [&fixture, &application, whole] {
        fixture.backend.answer = whole;
        application.measuring = true;
        fixture.session->send(QStringLiteral("Everything"));
        QObject::connect(fixture.session->run(), &app::AnswerRun::ended, fixture.session.get(),
                         [] { QTimer::singleShot(500, [] { QGuiApplication::quit(); }); });
      });
    });
  });
  const int status = QGuiApplication::exec();
  if (application.walls.empty()) return 1;
  print("wall", application.walls);
  print("processor", application.processors);
  return status;
}

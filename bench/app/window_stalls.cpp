// Streams 20 kB of Markdown into the window and prints how long its thread was busy at a stretch:
// window_stalls [CHARACTERS_PER_FRAME]. Processor time tells what we cost, wall time what a busy
// machine adds.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <vector>

#include <QAbstractEventDispatcher>
#include <QElapsedTimer>
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

/// Times each stretch from waking up to waiting again.
class StallMeter {
 public:
  explicit StallMeter(QAbstractEventDispatcher& dispatcher) {
    QObject::connect(&dispatcher, &QAbstractEventDispatcher::awake, &context_, [this] {
      wall_ = milliseconds(CLOCK_MONOTONIC);
      processor_ = milliseconds(CLOCK_THREAD_CPUTIME_ID);
    });
    QObject::connect(&dispatcher, &QAbstractEventDispatcher::aboutToBlock, &context_, [this] {
      if (wall_ == 0) return;
      walls.push_back(milliseconds(CLOCK_MONOTONIC) - wall_);
      processors.push_back(milliseconds(CLOCK_THREAD_CPUTIME_ID) - processor_);
      wall_ = 0;
    });
  }

  std::vector<double> walls;
  std::vector<double> processors;

 private:
  QObject context_;
  double wall_ = 0;
  double processor_ = 0;
};

void print(const char* name, std::vector<double> times) {
  std::sort(times.begin(), times.end());
  const auto at = [&](double share) {
    return times[static_cast<size_t>(share * double(times.size() - 1))];
  };
  const auto late = times.end() - std::upper_bound(times.begin(), times.end(), 16.0);
  std::printf("%-10s stretches %zu  median %.2f  99%% %.2f  longest %.2f ms  over 16 ms: %td\n",
              name, times.size(), at(0.5), at(0.99), times.back(), late);
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
  QGuiApplication application(argc, argv);
  tests::prepareApplication();
  tests::UiFixture fixture;
  QQuickWindow* window = fixture.open();
  window->resize(1280, 800);
  fixture.backend.interval = 16;
  fixture.backend.characters_per_step = argc > 1 ? std::atoi(argv[1]) : 24;
  fixture.backend.answer = markdown(20000);
  fixture.session->model()->load(QStringLiteral("/models/tiny"));

  std::unique_ptr<StallMeter> meter;
  QObject::connect(fixture.session->model(), &app::ModelSlot::ready, &application, [&] {
    // A short answer first: what is made once is not what is measured.
    const QString whole = std::exchange(fixture.backend.answer, markdown(1500));
    QTimer::singleShot(500, &application, [&fixture, whole, &meter] {
      fixture.session->send(QStringLiteral("Warm up"));
      QTimer::singleShot(4000, fixture.session.get(), [&fixture, whole, &meter] {
        fixture.backend.answer = whole;
        meter = std::make_unique<StallMeter>(*QAbstractEventDispatcher::instance());
        fixture.session->send(QStringLiteral("Everything"));
        QObject::connect(fixture.session->run(), &app::AnswerRun::ended, fixture.session.get(),
                         [] { QTimer::singleShot(500, [] { QGuiApplication::quit(); }); });
      });
    });
  });
  const int status = QGuiApplication::exec();
  if (!meter || meter->walls.empty()) return 1;
  print("wall", meter->walls);
  print("processor", meter->processors);
  return status;
}

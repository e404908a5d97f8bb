#pragma once

#include <functional>
#include <mutex>
#include <utility>

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>

namespace quern::app {

/// Carries a growing value from a worker to the GUI thread, at most once per frame however often it
/// is added to.
///
/// add() may be called from any thread and waits for nobody longer than it takes to merge two
/// values. The receiver is called on the thread that the mailbox lives on.
template <typename Value>
class FrameMailbox : public QObject {
 public:
  using Merge = std::function<void(Value& pending, Value&& added)>;

  FrameMailbox(Merge merge, std::function<void(Value)> receive, QObject* parent = nullptr)
      : QObject(parent), merge_(std::move(merge)), receive_(std::move(receive)) {
    frame_.setSingleShot(true);
    frame_.setTimerType(Qt::PreciseTimer);
    QObject::connect(&frame_, &QTimer::timeout, this, [this] { deliver(); });
  }

  void add(Value&& value) {
    const std::lock_guard lock(mutex_);
    merge_(pending_, std::move(value));
    if (std::exchange(posted_, true)) return;
    QMetaObject::invokeMethod(
        this, [this] { schedule(); }, Qt::QueuedConnection);
  }

  /// Delivers what is pending at once. The mailbox's own thread only.
  void flush() {
    frame_.stop();
    deliver();
  }

 private:
  static constexpr int frame_ms = 16;

  void schedule() {
    const qint64 elapsed = since_.isValid() ? since_.elapsed() : frame_ms;
    if (elapsed >= frame_ms) {
      deliver();
    } else {
      frame_.start(static_cast<int>(frame_ms - elapsed));
    }
  }

  void deliver() {
    Value value;
    {
      const std::lock_guard lock(mutex_);
      if (!std::exchange(posted_, false)) return;
      value = std::exchange(pending_, {});
    }
    since_.start();
    receive_(std::move(value));
  }

  Merge merge_;
  std::function<void(Value)> receive_;
  std::mutex mutex_;
  Value pending_{};
  bool posted_ = false;
  QTimer frame_;
  QElapsedTimer since_;
};

}  // namespace quern::app

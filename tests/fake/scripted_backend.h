#pragma once

#include <QTimer>

#include "app/chat/chat_backend.h"

namespace quern::tests {

/// A backend that answers with given text at a given pace, on the GUI thread's own timers.
class ScriptedBackend : public app::ChatBackend {
  Q_OBJECT
  Q_PROPERTY(QString answer MEMBER answer)
  Q_PROPERTY(int interval MEMBER interval)
  Q_PROPERTY(int charactersPerStep MEMBER characters_per_step)
  Q_PROPERTY(int prefillSteps MEMBER prefill_steps)
  Q_PROPERTY(QString failure MEMBER failure)
  Q_PROPERTY(QString loadFailure MEMBER load_failure)
  Q_PROPERTY(int requestCount READ requestCount)

 public:
  explicit ScriptedBackend(QObject* parent = nullptr);

  QString answer = QStringLiteral("A quern is a **hand mill** for grinding grain.");
  int interval = 1;  ///< ms between steps
  int characters_per_step = 4;
  int prefill_steps = 2;
  int load_steps = 2;
  QString failure;       ///< not empty: an answer fails with it half-way
  QString load_failure;  ///< not empty: a load fails with it
  app::ModelInformation model{
      {}, QStringLiteral("Quern Tiny"), QStringLiteral("qwen3"), QStringLiteral("4-bit"), 8192};
  std::vector<app::ChatRequest> requests;  ///< all that were asked

  int requestCount() const { return static_cast<int>(requests.size()); }

  void load(const QString& folder) override;
  void unload() override;
  void generate(const app::ChatRequest& request) override;
  void stop() override;

 private:
  void step();
  void finish(app::MessageState::Value state);

  QTimer timer_;
  QTimer load_timer_;
  int prefill_step_ = 0;
  int load_step_ = 0;
  qsizetype sent_ = 0;
  int prompt_tokens_ = 0;
  int tokens_ = 0;
};

}  // namespace quern::tests

#pragma once

#include <memory>
#include <stop_token>

#include <QThread>

#include "app/chat/chat_backend.h"
#include "app/chat/frame_mailbox.h"

namespace quern::app {

/// The models' own language models, on a thread of their own: loading and generating happen there,
/// and text crosses to the GUI thread once per frame.
class ModelBackend : public ChatBackend {
  Q_OBJECT

 public:
  explicit ModelBackend(QObject* parent = nullptr);
  /// Ends an answer under way within one token, and waits for a load that cannot be interrupted.
  ~ModelBackend() override;

  void load(const QString& folder) override;
  void unload() override;
  void generate(const ChatRequest& request) override;
  void stop() override;

 private:
  class Worker;

  QThread thread_;
  Worker* worker_;  ///< lives on thread_
  FrameMailbox<GenerationUpdate> updates_;
  std::shared_ptr<std::stop_source> load_stop_;
  std::shared_ptr<std::stop_source> answer_stop_;
};

}  // namespace quern::app

#pragma once

#include <vector>

#include <QObject>
#include <QString>

#include "app/chat/message.h"
#include "app/chat/sampling_settings.h"

namespace quern::app {

/// What is known of a loaded model. A value.
struct ModelInformation {
  QString folder;
  QString name;          ///< the folder's own name
  QString family;        ///< config.json's model_type
  QString quantization;  ///< "4-bit", "16-bit" and the like
  int context_length = 0;

  bool operator==(const ModelInformation&) const = default;
};

struct ChatTurn {
  Role role;
  QString text;  ///< without reasoning

  bool operator==(const ChatTurn&) const = default;
};

struct ChatRequest {
  std::vector<ChatTurn> turns;
  ChatSettingsValue settings;
  bool continue_last = false;  ///< the last turn is the beginning of the answer that is wanted
};

/// What happened since the last update, at most one per frame.
struct GenerationUpdate {
  QString text;  ///< whole characters
  int tokens = 0;
  double tokens_per_second = 0;
  int context_used = 0;
};

struct GenerationEnd {
  MessageState::Value state = MessageState::Done;  ///< Done, Cancelled or Truncated
  int tokens = 0;
  double tokens_per_second = 0;
  int context_used = 0;
};

/// The seam between a conversation and the model that answers. All calls come from the GUI thread
/// and return at once; all signals are emitted there. One model at a time, one answer at a time.
class ChatBackend : public QObject {
  Q_OBJECT

 public:
  using QObject::QObject;

  /// Loads a folder in place of the present model. Ends in loaded, loadFailed, or, after unload or
  /// another load, nothing.
  virtual void load(const QString& folder) = 0;
  /// Gives the model back, or abandons the load under way.
  virtual void unload() = 0;

  /// Answers the turns with the loaded model. Ends in finished or failed.
  virtual void generate(const ChatRequest& request) = 0;
  /// Ends the answer within one token; finished follows.
  virtual void stop() = 0;

 Q_SIGNALS:
  void loadPhase(const QString& phase);
  void loaded(const quern::app::ModelInformation& model);
  void loadFailed(const QString& what, const QString& advice);
  void prefilled(int done, int total);
  void generated(const quern::app::GenerationUpdate& update);
  void finished(const quern::app::GenerationEnd& end);
  void failed(const QString& what, const QString& advice);
};

}  // namespace quern::app

#pragma once

#include <QtQml/qqmlregistration.h>
#include <QObject>
#include <QUrl>

#include "app/chat/chat_backend.h"

namespace quern::app {

/// The place for the one model that answers: what is loaded, what is being loaded, and why it was
/// not. GUI thread.
class ModelSlot : public QObject {
  Q_OBJECT
  QML_ELEMENT
  QML_UNCREATABLE("Belongs to a chat session.")
  Q_PROPERTY(State state READ state NOTIFY changed)
  Q_PROPERTY(QString folder READ folder NOTIFY changed)
  Q_PROPERTY(QString name READ name NOTIFY changed)
  /// "qwen3 · 4-bit · 32,768 tokens of context"
  Q_PROPERTY(QString summary READ summary NOTIFY changed)
  Q_PROPERTY(int contextLength READ contextLength NOTIFY changed)
  /// What the load is doing, while it does.
  Q_PROPERTY(QString phase READ phase NOTIFY changed)
  Q_PROPERTY(QString error READ error NOTIFY changed)
  Q_PROPERTY(QString advice READ advice NOTIFY changed)

 public:
  enum State { Empty, Loading, Ready, Error };
  Q_ENUM(State)

  explicit ModelSlot(ChatBackend& backend, QObject* parent = nullptr);

  State state() const { return state_; }
  QString folder() const { return model_.folder; }
  QString name() const { return model_.name; }
  QString summary() const;
  int contextLength() const { return model_.context_length; }
  QString phase() const { return phase_; }
  QString error() const { return error_; }
  QString advice() const { return advice_; }

  /// Loads a folder in place of what is there.
  Q_INVOKABLE void load(const QString& folder);
  /// The same, with a file: address as a dialog gives it.
  Q_INVOKABLE void loadUrl(const QUrl& url);
  /// Abandons a load, or gives the model back.
  Q_INVOKABLE void unload();

 Q_SIGNALS:
  void changed();
  void ready(const quern::app::ModelInformation& model);

 private:
  ChatBackend& backend_;
  State state_ = Empty;
  ModelInformation model_;
  QString phase_;
  QString error_;
  QString advice_;
};

}  // namespace quern::app

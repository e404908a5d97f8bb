#pragma once

#include <memory>

#include <QQmlAbstractUrlInterceptor>
#include <QQmlApplicationEngine>
#include <QQuickWindow>
#include <QSettings>
#include <QTemporaryDir>

#include "app/chat/chat_session.h"
#include "app/library/recent_models.h"
#include "app/system/appearance.h"
#include "tests/fake/scripted_backend.h"

namespace quern::tests {

/// Application-wide set-up as main.cpp has it. Call after QGuiApplication is made.
void prepareApplication();

/// The whole window over a scripted backend, with its files in a folder that goes away.
class UiFixture {
 public:
  UiFixture();

  /// Opens the window; throws when it cannot.
  QQuickWindow* open();
  /// Reads the window's QML files from a folder instead of those that are built in; not when it is
  /// empty.
  void readQmlFrom(const QString& folder);
  /// Properties of the window that a test makes itself.
  QVariantMap properties();

 private:
  std::unique_ptr<QQmlAbstractUrlInterceptor> redirection_;
  QTemporaryDir folder_;
  std::unique_ptr<QSettings> settings_;

 public:
  ScriptedBackend backend;
  std::unique_ptr<app::Appearance> appearance;
  std::unique_ptr<app::RecentModels> recent_models;
  std::unique_ptr<app::ChatStore> store;
  std::unique_ptr<app::ChatSession> session;
  std::unique_ptr<QQmlApplicationEngine> engine;
};

}  // namespace quern::tests

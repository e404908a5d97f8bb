#include <QtQml/qqmlextensionplugin.h>
#include <QCommandLineParser>
#include <QFont>
#include <QGuiApplication>
#include <QIcon>
#include <QQmlApplicationEngine>
#include <QQuickStyle>
#include <QSettings>

#include "app/chat/chat_session.h"
#include "app/chat/model_backend.h"
#include "app/library/recent_models.h"
#include "app/system/appearance.h"
#include "app/system/paths.h"

Q_IMPORT_QML_PLUGIN(Quern_AppPlugin)
Q_IMPORT_QML_PLUGIN(Quern_UiPlugin)

using namespace quern::app;

// quern [MODEL_FOLDER]: opens the window, with the model or the one that was used last.
int main(int argc, char* argv[]) {
  QGuiApplication application(argc, argv);
  QGuiApplication::setApplicationName(QStringLiteral("quern"));
  QGuiApplication::setApplicationDisplayName(QStringLiteral("Quern"));
  QGuiApplication::setApplicationVersion(QStringLiteral(QUERN_VERSION));
  QGuiApplication::setDesktopFileName(QStringLiteral("quern"));
  QGuiApplication::setWindowIcon(QIcon(QStringLiteral(":/icons/quern.svg")));

  QCommandLineParser arguments;
  arguments.setApplicationDescription(QStringLiteral("A workshop for local language models."));
  arguments.addHelpOption();
  arguments.addVersionOption();
  arguments.addPositionalArgument(QStringLiteral("MODEL"),
                                  QStringLiteral("Folder of the model to chat with."),
                                  QStringLiteral("[MODEL]"));
  arguments.process(application);

  QQuickStyle::setStyle(QStringLiteral("Fusion"));
  QFont font(QStringLiteral("Inter"));
  font.setPixelSize(14);
  QGuiApplication::setFont(font);

  QSettings settings(settingsFile(), QSettings::IniFormat);
  Appearance appearance(settings);
  RecentModels recent_models(settings);
  ModelBackend backend;
  ChatStore store(chatsFile());
  ChatSession session(backend, store);
  QObject::connect(session.model(), &ModelSlot::ready, &recent_models, &RecentModels::add);

  QQmlApplicationEngine engine;
  engine.addImportPath(QStringLiteral("qrc:/qt/qml"));
  engine.setInitialProperties(
      {{QStringLiteral("session"), QVariant::fromValue(&session)},
       {QStringLiteral("recentModels"), QVariant::fromValue(&recent_models)},
       {QStringLiteral("appearance"), QVariant::fromValue(&appearance)}});
  engine.load(QUrl(QStringLiteral("qrc:/qt/qml/Quern/Ui/Main.qml")));
  if (engine.rootObjects().isEmpty()) return 1;

  const QStringList given = arguments.positionalArguments();
  if (!given.isEmpty()) {
    session.model()->load(given.first());
  } else if (recent_models.count() > 0) {
    session.model()->load(
        recent_models.data(recent_models.index(0), RecentModels::FolderRole).toString());
  }
  return QGuiApplication::exec();
}

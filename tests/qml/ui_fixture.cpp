#include "tests/qml/ui_fixture.h"

#include <stdexcept>

#include <QtQml/qqmlextensionplugin.h>
#include <QFont>
#include <QGuiApplication>
#include <QQuickStyle>

Q_IMPORT_QML_PLUGIN(Quern_AppPlugin)
Q_IMPORT_QML_PLUGIN(Quern_UiPlugin)

namespace quern::tests {

void prepareApplication() {
  QQuickStyle::setStyle(QStringLiteral("Fusion"));
  QFont font(QStringLiteral("Inter"));
  font.setPixelSize(14);
  QGuiApplication::setFont(font);
}

UiFixture::UiFixture()
    : settings_(std::make_unique<QSettings>(folder_.filePath(QStringLiteral("quern.conf")),
                                            QSettings::IniFormat)),
      appearance(std::make_unique<app::Appearance>(*settings_)),
      recent_models(std::make_unique<app::RecentModels>(*settings_)),
      store(std::make_unique<app::ChatStore>(folder_.filePath(QStringLiteral("chats.db")))),
      session(std::make_unique<app::ChatSession>(backend, *store)),
      engine(std::make_unique<QQmlApplicationEngine>()) {
  QObject::connect(session->model(), &app::ModelSlot::ready, recent_models.get(),
                   &app::RecentModels::add);
  appearance->setScheme(app::Appearance::Light);
  engine->addImportPath(QStringLiteral("qrc:/qt/qml"));
}

QVariantMap UiFixture::properties() {
  return {{QStringLiteral("session"), QVariant::fromValue(session.get())},
          {QStringLiteral("recentModels"), QVariant::fromValue(recent_models.get())},
          {QStringLiteral("appearance"), QVariant::fromValue(appearance.get())}};
}

void UiFixture::readQmlFrom(const QString& folder) {
  class Redirection : public QQmlAbstractUrlInterceptor {
   public:
    explicit Redirection(const QString& folder) : folder_(folder) {}
    QUrl intercept(const QUrl& url, DataType type) override {
      const QString built_in = QStringLiteral("/qt/qml/Quern/Ui");
      if (type != QmlFile || !url.path().startsWith(built_in)) return url;
      return QUrl::fromLocalFile(folder_ + url.path().mid(built_in.size()));
    }

   private:
    QString folder_;
  };
  if (folder.isEmpty()) return;
  redirection_ = std::make_unique<Redirection>(folder);
  engine->addUrlInterceptor(redirection_.get());
}

QQuickWindow* UiFixture::open() {
  engine->setInitialProperties(properties());
  engine->load(QUrl(QStringLiteral("qrc:/qt/qml/Quern/Ui/Main.qml")));
  if (engine->rootObjects().isEmpty())
    throw std::runtime_error("[UiFixture] the window could not be made");
  return qobject_cast<QQuickWindow*>(engine->rootObjects().constFirst());
}

}  // namespace quern::tests

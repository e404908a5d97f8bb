// Runs the tst_*.qml files of cases/ over the scripted backend.
#include <QtQuickTest/quicktest.h>
#include <QClipboard>
#include <QGuiApplication>
#include <QQmlEngine>

#include "tests/qml/ui_fixture.h"

using namespace quern;

/// What a test gets: the objects that main.cpp makes, fresh for each `Workbench`.
class Workbench : public QObject {
  Q_OBJECT
  Q_PROPERTY(quern::app::ChatSession* session READ session CONSTANT)
  Q_PROPERTY(quern::app::RecentModels* recentModels READ recentModels CONSTANT)
  Q_PROPERTY(quern::app::Appearance* appearance READ appearance CONSTANT)
  Q_PROPERTY(QObject* backend READ backend CONSTANT)

 public:
  app::ChatSession* session() { return fixture_.session.get(); }
  app::RecentModels* recentModels() { return fixture_.recent_models.get(); }
  app::Appearance* appearance() { return fixture_.appearance.get(); }
  QObject* backend() { return &fixture_.backend; }

  Q_INVOKABLE int messageCount() { return session()->current()->messages()->messageCount(); }
  Q_INVOKABLE QString messageText(int position) {
    return session()->current()->messages()->message(position).text;
  }
  Q_INVOKABLE int messageState(int position) {
    return session()->current()->messages()->message(position).state;
  }
  Q_INVOKABLE double setting(int row) {
    return session()->current()->settings()->value().numbers[static_cast<size_t>(row)];
  }
  Q_INVOKABLE QString clipboard() const { return QGuiApplication::clipboard()->text(); }

 private:
  tests::UiFixture fixture_;
};

class Setup : public QObject {
  Q_OBJECT

 public Q_SLOTS:
  void qmlEngineAvailable(QQmlEngine* engine) {
    engine->addImportPath(QStringLiteral("qrc:/qt/qml"));
    qmlRegisterType<Workbench>("Quern.Test", 1, 0, "Workbench");
  }
};

int main(int argc, char* argv[]) {
  QGuiApplication application(argc, argv);
  tests::prepareApplication();
  Setup setup;
  return quick_test_main_with_setup(argc, argv, "quick", QUERN_QUICK_TESTS, &setup);
}

#include "quick_tests.moc"

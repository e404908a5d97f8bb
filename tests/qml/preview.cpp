// The window over the scripted backend, to look at it: quern_preview [SHOTS_FOLDER]. With a folder
// it goes through the states that matter and leaves a picture of each. The environment variable
// QUERN_QML names a folder of QML files that are read in place of the built-in ones: changes show
// without a build.
#include <QDir>
#include <QFile>
#include <QGuiApplication>
#include <QTest>

#include "tests/qml/ui_fixture.h"

using namespace quern;

namespace {

QString readText(const QString& name) {
  QFile file(QStringLiteral(QUERN_TEST_DATA "/markdown/") + name);
  if (!file.open(QIODevice::ReadOnly)) qFatal("cannot read %s", qPrintable(file.fileName()));
  return QString::fromUtf8(file.readAll());
}

class Photographer {
 public:
  Photographer(tests::UiFixture& fixture, QQuickWindow* window, const QString& folder)
      : fixture_(fixture), window_(window), folder_(folder) {
    QDir().mkpath(folder);
  }

  void take(const QString& name) {
    QTest::qWait(250);
    window_->grabWindow().save(folder_ + u'/' + name + QStringLiteral(".png"));
  }

  void both(const QString& name) {
    take(name + QStringLiteral("-light"));
    fixture_.appearance->setScheme(app::Appearance::Dark);
    take(name + QStringLiteral("-dark"));
    fixture_.appearance->setScheme(app::Appearance::Light);
  }

  void ask(const QString& question, const QString& answer) {
    fixture_.backend.answer = answer;
    fixture_.session->send(question);
    if (!QTest::qWaitFor([&] { return !fixture_.session->run()->isActive(); }, 20000))
      qFatal("no answer");
  }

  void key(Qt::Key key, Qt::KeyboardModifiers modifiers = {}) {
    QTest::keyClick(window_, key, modifiers);
  }
  void scroll(double distance) {
    auto* list = window_->findChild<QObject*>(QStringLiteral("messageList"));
    QMetaObject::invokeMethod(list, "scroll", Q_ARG(double, distance));
  }
  void size(int width, int height) { window_->resize(width, height); }

 private:
  tests::UiFixture& fixture_;
  QQuickWindow* window_;
  QString folder_;
};

void photograph(tests::UiFixture& fixture, QQuickWindow* window, const QString& folder) {
  Photographer camera(fixture, window, folder);
  fixture.backend.interval = 0;
  fixture.backend.characters_per_step = 40;
  camera.size(1280, 800);
  camera.both(QStringLiteral("01-no-model"));

  fixture.backend.load_failure = QStringLiteral(
      "[LanguageModel] /home/mira/models/Qwen3-0.6B: model.safetensors holds 0 bytes, a header "
      "needs at least 8");
  fixture.session->model()->load(QStringLiteral("/home/mira/models/Qwen3-0.6B"));
  camera.both(QStringLiteral("02-load-failed"));
  fixture.backend.load_failure.clear();

  fixture.backend.load_steps = 1000000;
  fixture.session->model()->load(QStringLiteral("/home/mira/models/Qwen3-0.6B-4bit"));
  camera.take(QStringLiteral("03-loading"));
  fixture.backend.load_steps = 1;
  fixture.backend.model.name = QStringLiteral("Qwen3-0.6B-4bit");
  fixture.backend.model.context_length = 32768;
  fixture.session->model()->load(QStringLiteral("/home/mira/models/Qwen3-0.6B-4bit"));
  camera.both(QStringLiteral("04-new-chat"));

  const QStringList questions{
      QStringLiteral("Summarise this week's notes"), QStringLiteral("Regex for ISO dates"),
      QStringLiteral(
          "Why does sourdough rise more slowly than bread made with baker's yeast, and what "
          "helps?"),
      QStringLiteral("Names for a small bakery")};
  for (const QString& question : questions) {
    camera.ask(question, QStringLiteral("Of course."));
    fixture.session->newChat();
  }
  fixture.backend.characters_per_step = 4;
  camera.ask(QStringLiteral("Explain how a hash table works, with a small example in Python."),
             readText(QStringLiteral("answer.md")));
  camera.both(QStringLiteral("05-answer"));
  camera.scroll(-100000);
  camera.both(QStringLiteral("chat"));
  camera.key(Qt::Key_E, Qt::ControlModifier);
  camera.key(Qt::Key_Up);
  camera.take(QStringLiteral("06-editing"));
  camera.key(Qt::Key_Escape);
  camera.key(Qt::Key_Comma, Qt::ControlModifier);
  camera.both(QStringLiteral("07-settings"));
  camera.size(860, 640);
  camera.take(QStringLiteral("08-settings-narrow"));
  camera.key(Qt::Key_Comma, Qt::ControlModifier);
  camera.take(QStringLiteral("09-medium"));
  camera.size(480, 720);
  camera.take(QStringLiteral("10-narrow"));
  camera.key(Qt::Key_B, Qt::ControlModifier);
  camera.take(QStringLiteral("11-narrow-side-bar"));
  camera.size(1280, 800);
  camera.key(Qt::Key_L, Qt::ControlModifier);
  camera.both(QStringLiteral("12-models"));
  camera.key(Qt::Key_Escape);
  fixture.session->remove(fixture.session->chats()->chatAt(2));
  camera.both(QStringLiteral("13-deleted"));
  fixture.session->undoStack()->undo();
  camera.key(Qt::Key_Slash, Qt::ControlModifier);
  camera.take(QStringLiteral("14-shortcuts"));
  camera.key(Qt::Key_Escape);
  fixture.backend.characters_per_step = 40;
  fixture.session->newChat();
  camera.ask(QStringLiteral("Tell me everything about Markdown."),
             readText(QStringLiteral("everything.md")));
  for (int page = 0; page < 4; ++page) {
    camera.both(QStringLiteral("2%1-everything").arg(page));
    camera.scroll(-560);
  }
  fixture.session->newChat();
  fixture.backend.failure =
      QStringLiteral("[eval] out of memory: 9.1 GB are needed, 7.8 GB are free");
  camera.ask(QStringLiteral("Go on"), readText(QStringLiteral("answer.md")).left(400));
  fixture.backend.failure.clear();
  camera.both(QStringLiteral("30-failed"));
  fixture.session->newChat();
  fixture.backend.answer = QStringLiteral(
      "<think>\nThe user wants a haiku. Five, seven, five.\n</think>\n\nStone turns upon stone");
  fixture.backend.interval = 30;
  fixture.backend.characters_per_step = 1;
  fixture.session->send(QStringLiteral("Write a haiku about a mill."));
  QTest::qWait(900);
  camera.take(QStringLiteral("31-generating"));
  fixture.session->stop();
  QTest::qWait(200);
  camera.both(QStringLiteral("32-stopped"));
}

}  // namespace

int main(int argc, char* argv[]) {
  QGuiApplication application(argc, argv);
  tests::prepareApplication();
  tests::UiFixture fixture;
  fixture.readQmlFrom(qEnvironmentVariable("QUERN_QML"));
  QQuickWindow* window = fixture.open();
  if (argc > 1) {
    photograph(fixture, window, QString::fromLocal8Bit(argv[1]));
    return 0;
  }
  fixture.backend.interval = 25;
  fixture.backend.answer = readText(QStringLiteral("everything.md"));
  fixture.session->model()->load(QStringLiteral("/models/Quern-Tiny"));
  return QGuiApplication::exec();
}

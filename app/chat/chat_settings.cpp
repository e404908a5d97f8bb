#include "app/chat/chat_settings.h"

#include <algorithm>
#include <cmath>

namespace quern::app {
namespace {

const SamplingSetting& setting(int row) { return samplingSettings()[static_cast<size_t>(row)]; }

QString written(const SamplingSetting& setting, double number) {
  if (setting.kind == SettingKind::seed && number < 0) return {};
  if (setting.kind != SettingKind::number) return QString::number(static_cast<qint64>(number));
  return QString::number(number, 'g', 4);
}

}  // namespace

ChatSettings::ChatSettings(QObject* parent) : QAbstractListModel(parent) {}

void ChatSettings::setValue(const ChatSettingsValue& value) {
  if (value_ == value) return;
  value_ = value;
  Q_EMIT dataChanged(index(0), index(rowCount() - 1));
  Q_EMIT changed();
}

void ChatSettings::setSystemPrompt(const QString& text) {
  if (value_.system_prompt == text) return;
  value_.system_prompt = text;
  Q_EMIT changed();
}

QString ChatSettings::stopTexts() const { return value_.stop.join(u'\n'); }

void ChatSettings::setStopTexts(const QString& lines) {
  const QStringList texts = lines.split(u'\n', Qt::SkipEmptyParts);
  if (value_.stop == texts) return;
  value_.stop = texts;
  Q_EMIT changed();
}

int ChatSettings::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(sampling_setting_count);
}

QVariant ChatSettings::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const SamplingSetting& row = setting(index.row());
  const double number = value_.numbers[static_cast<size_t>(index.row())];
  switch (role) {
    case TitleRole:
      return tr(row.title);
    case HelpRole:
      return tr(row.help);
    case GroupRole: {
      const bool first = index.row() == 0 || setting(index.row() - 1).group != row.group;
      return first ? tr(row.group) : QString();
    }
    case MinimumRole:
      return row.minimum;
    case MaximumRole:
      return row.maximum;
    case StepRole:
      return row.step;
    case IntegerRole:
      return row.kind != SettingKind::number;
    case ValueRole:
      return number;
    case TextRole:
      return written(row, number);
    case HintRole:
      return tr(row.initial_text);
    case InitialRole:
      return number == row.initial;
    case KeyRole:
      return QLatin1String(row.key);
    default:
      return {};
  }
}

QHash<int, QByteArray> ChatSettings::roleNames() const {
  return {{TitleRole, "title"},     {HelpRole, "help"},       {GroupRole, "group"},
          {MinimumRole, "minimum"}, {MaximumRole, "maximum"}, {StepRole, "step"},
          {IntegerRole, "integer"}, {ValueRole, "value"},     {TextRole, "text"},
          {HintRole, "hint"},       {InitialRole, "initial"}, {KeyRole, "key"}};
}

void ChatSettings::set(int row, double number) {
  const SamplingSetting& range = setting(row);
  number = std::clamp(number, range.minimum, range.maximum);
  if (range.kind != SettingKind::number) number = std::round(number);
  double& value = value_.numbers[static_cast<size_t>(row)];
  if (value == number) return;
  value = number;
  Q_EMIT dataChanged(index(row), index(row));
  Q_EMIT changed();
}

QString ChatSettings::enter(int row, const QString& typed) {
  const SamplingSetting& range = setting(row);
  const QString text = typed.trimmed();
  if (text.isEmpty()) {
    reset(row);
    return {};
  }
  bool is_number = false;
  const double number = QString(text).replace(u',', u'.').toDouble(&is_number);
  if (!is_number) return tr("“%1” is not a number.").arg(text);
  if (!(number >= range.minimum && number <= range.maximum)) {
    return tr("%1 is outside %2 to %3.")
        .arg(text, QString::number(range.minimum),
             QString::number(range.maximum, 'f', range.kind == SettingKind::number ? 1 : 0));
  }
  set(row, number);
  return {};
}

void ChatSettings::reset(int row) { set(row, setting(row).initial); }

void ChatSettings::resetAll() {
  ChatSettingsValue initial;
  initial.system_prompt = value_.system_prompt;
  setValue(initial);
}

}  // namespace quern::app

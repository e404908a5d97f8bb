#include "app/markdown/blocks.h"

#include <QStringList>
#include <QUrl>

#include <md4c.h>

namespace quern::app {
namespace {

QString attribute(const MD_ATTRIBUTE& value) {
  return QString::fromUtf8(value.text, static_cast<qsizetype>(value.size));
}

/// Whether a click on it may leave the program.
bool isOpenable(const QString& address) {
  const QString scheme = QUrl(address).scheme();
  return scheme == QLatin1String("http") || scheme == QLatin1String("https") ||
         scheme == QLatin1String("mailto");
}

/// Receives md4c's events and gathers leaves.
class BlockBuilder {
 public:
  std::vector<MarkdownBlock> blocks;

  void enterBlock(MD_BLOCKTYPE type, void* detail) {
    switch (type) {
      case MD_BLOCK_QUOTE:
        ++quote_depth_;
        break;
      case MD_BLOCK_UL:
        lists_.push_back({false, 0, isTight(type, detail)});
        break;
      case MD_BLOCK_OL:
        lists_.push_back({true, static_cast<int>(static_cast<MD_BLOCK_OL_DETAIL*>(detail)->start),
                          isTight(type, detail)});
        break;
      case MD_BLOCK_LI:
        enterItem(*static_cast<MD_BLOCK_LI_DETAIL*>(detail));
        break;
      case MD_BLOCK_P:
        open(MarkdownBlock::Kind::paragraph);
        break;
      case MD_BLOCK_H:
        open(MarkdownBlock::Kind::heading);
        leaf_.heading_level = static_cast<int>(static_cast<MD_BLOCK_H_DETAIL*>(detail)->level);
        break;
      case MD_BLOCK_CODE:
        open(MarkdownBlock::Kind::code);
        leaf_.language = attribute(static_cast<MD_BLOCK_CODE_DETAIL*>(detail)->lang);
        break;
      case MD_BLOCK_HR:
        open(MarkdownBlock::Kind::rule);
        close();
        break;
      case MD_BLOCK_TABLE:
        open(MarkdownBlock::Kind::table);
        leaf_.text += QLatin1String("<table cellspacing=\"0\" cellpadding=\"7\">");
        break;
      case MD_BLOCK_TR:
        leaf_.text += QLatin1String("<tr>");
        break;
      case MD_BLOCK_TH:
      case MD_BLOCK_TD:
        enterCell(type, *static_cast<MD_BLOCK_TD_DETAIL*>(detail));
        break;
      default:
        break;
    }
  }

  void leaveBlock(MD_BLOCKTYPE type) {
    switch (type) {
      case MD_BLOCK_QUOTE:
        closeImplicit();
        --quote_depth_;
        break;
      case MD_BLOCK_UL:
      case MD_BLOCK_OL:
        lists_.pop_back();
        break;
      case MD_BLOCK_LI:
        closeImplicit();
        if (!marker_.isEmpty()) {  // an item without content still shows its marker
          open(MarkdownBlock::Kind::paragraph);
          close();
        }
        break;
      case MD_BLOCK_CODE:
        if (leaf_.text.endsWith(u'\n')) leaf_.text.chop(1);
        close();
        break;
      case MD_BLOCK_TABLE:
        leaf_.text += QLatin1String("</table>");
        close();
        break;
      case MD_BLOCK_TR:
        leaf_.text += QLatin1String("</tr>");
        break;
      case MD_BLOCK_TH:
      case MD_BLOCK_TD:
        leaf_.text += type == MD_BLOCK_TH ? QLatin1String("</th>") : QLatin1String("</td>");
        leaf_.plain += u' ';
        break;
      case MD_BLOCK_P:
      case MD_BLOCK_H:
        close();
        break;
      default:
        break;
    }
  }

  void enterSpan(MD_SPANTYPE type, void* detail) {
    openImplicit();
    switch (type) {
      case MD_SPAN_A:
        openLink(attribute(static_cast<MD_SPAN_A_DETAIL*>(detail)->href));
        break;
      case MD_SPAN_IMG:
        openLink(attribute(static_cast<MD_SPAN_IMG_DETAIL*>(detail)->src));
        break;
      default:
        leaf_.text += tag(type, QLatin1String("<"));
        break;
    }
  }

  void leaveSpan(MD_SPANTYPE type) {
    if (type == MD_SPAN_A || type == MD_SPAN_IMG) {
      leaf_.text += links_.takeLast() ? QLatin1String("</a>") : QLatin1String("");
    } else {
      leaf_.text += tag(type, QLatin1String("</"));
    }
  }

  void text(MD_TEXTTYPE type, const char* characters, MD_SIZE size) {
    const QString content = QString::fromUtf8(characters, static_cast<qsizetype>(size));
    if (open_ && leaf_.kind == MarkdownBlock::Kind::code) {
      leaf_.text += content;
      return;
    }
    openImplicit();
    switch (type) {
      case MD_TEXT_BR:
        leaf_.text += QLatin1String("<br>");
        leaf_.plain += u'\n';
        return;
      case MD_TEXT_SOFTBR:
        leaf_.text += u' ';
        break;
      case MD_TEXT_NULLCHAR:
        leaf_.text += QChar(0xFFFD);
        break;
      case MD_TEXT_ENTITY:
        leaf_.text += content;
        break;
      default:
        leaf_.text += content.toHtmlEscaped();
        break;
    }
    leaf_.plain += type == MD_TEXT_SOFTBR ? QStringLiteral(" ") : content;
  }

 private:
  struct List {
    bool ordered;
    int next;
    bool tight;
    int items = 0;
  };

  static bool isTight(MD_BLOCKTYPE type, void* detail) {
    return type == MD_BLOCK_UL ? static_cast<MD_BLOCK_UL_DETAIL*>(detail)->is_tight != 0
                               : static_cast<MD_BLOCK_OL_DETAIL*>(detail)->is_tight != 0;
  }

  void enterItem(const MD_BLOCK_LI_DETAIL& item) {
    closeImplicit();
    List& list = lists_.back();
    if (item.is_task != 0) {
      marker_ = item.task_mark == ' ' ? QStringLiteral("☐") : QStringLiteral("☑");
    } else {
      marker_ = list.ordered ? QString::number(list.next) + u'.' : QStringLiteral("•");
    }
    ++list.next;
    ++list.items;
  }

  void enterCell(MD_BLOCKTYPE type, const MD_BLOCK_TD_DETAIL& cell) {
    leaf_.text += type == MD_BLOCK_TH ? QLatin1String("<th") : QLatin1String("<td");
    if (cell.align == MD_ALIGN_RIGHT) {
      leaf_.text += QLatin1String(" align=\"right\">");
    } else if (cell.align == MD_ALIGN_CENTER) {
      leaf_.text += QLatin1String(" align=\"center\">");
    } else {
      leaf_.text += QLatin1String(" align=\"left\">");
    }
  }

  static QString tag(MD_SPANTYPE type, QLatin1String opening) {
    switch (type) {
      case MD_SPAN_EM:
        return opening + QLatin1String("i>");
      case MD_SPAN_STRONG:
        return opening + QLatin1String("b>");
      case MD_SPAN_CODE:
        return opening + QLatin1String("code>");
      case MD_SPAN_DEL:
        return opening + QLatin1String("s>");
      default:
        return {};
    }
  }

  void openLink(const QString& address) {
    links_.append(isOpenable(address));
    if (links_.last())
      leaf_.text += QLatin1String("<a href=\"") + address.toHtmlEscaped() + QLatin1String("\">");
  }

  void open(MarkdownBlock::Kind kind) {
    closeImplicit();
    leaf_ = {};
    leaf_.kind = kind;
    leaf_.list_depth = static_cast<int>(lists_.size());
    leaf_.quote_depth = quote_depth_;
    leaf_.tight =
        !lists_.empty() && lists_.back().tight && !(lists_.size() == 1 && lists_.back().items == 1);
    leaf_.marker = std::exchange(marker_, {});
    open_ = true;
  }

  void close() {
    blocks.push_back(std::exchange(leaf_, {}));
    open_ = false;
  }

  // md4c reports the text of a tight list's items without a paragraph around it.
  void openImplicit() {
    if (open_) return;
    open(MarkdownBlock::Kind::paragraph);
    implicit_ = true;
  }

  void closeImplicit() {
    if (!implicit_) return;
    implicit_ = false;
    close();
  }

  MarkdownBlock leaf_;
  bool open_ = false;
  bool implicit_ = false;
  int quote_depth_ = 0;
  QString marker_;
  std::vector<List> lists_;
  QList<bool> links_;
};

BlockBuilder& builder(void* userdata) { return *static_cast<BlockBuilder*>(userdata); }

}  // namespace

std::vector<MarkdownBlock> parseMarkdown(const QByteArray& utf8) {
  MD_PARSER parser{};
  parser.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS |
                 MD_FLAG_PERMISSIVEURLAUTOLINKS | MD_FLAG_NOHTML | MD_FLAG_NOINDENTEDCODEBLOCKS;
  parser.enter_block = [](MD_BLOCKTYPE type, void* detail, void* userdata) {
    builder(userdata).enterBlock(type, detail);
    return 0;
  };
  parser.leave_block = [](MD_BLOCKTYPE type, void*, void* userdata) {
    builder(userdata).leaveBlock(type);
    return 0;
  };
  parser.enter_span = [](MD_SPANTYPE type, void* detail, void* userdata) {
    builder(userdata).enterSpan(type, detail);
    return 0;
  };
  parser.leave_span = [](MD_SPANTYPE type, void*, void* userdata) {
    builder(userdata).leaveSpan(type);
    return 0;
  };
  parser.text = [](MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size, void* userdata) {
    builder(userdata).text(type, text, size);
    return 0;
  };
  BlockBuilder blocks;
  md_parse(utf8.constData(), static_cast<MD_SIZE>(utf8.size()), &parser, &blocks);
  return std::move(blocks.blocks);
}

}  // namespace quern::app

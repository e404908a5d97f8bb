import QtQuick
import Quern.Ui

// A table; its cells wrap when it is wider than the column.
ReadingColumn {
    id: row

    required property string text
    required property string plain
    required property int listDepth

    space: Spacing.medium

    Passage {
        x: row.listDepth * Spacing.huge
        width: parent.width - x
        font.pixelSize: Fonts.body
        text: Prose.sheet + row.text
        plain: row.plain
        Accessible.role: Accessible.Table
    }
}

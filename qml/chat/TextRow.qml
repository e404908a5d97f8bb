pragma ComponentBehavior: Bound

import QtQuick
import Quern.Ui

// A paragraph, perhaps in a list or a quote, or a heading.
ReadingColumn {
    id: row

    required property string text
    required property string plain
    required property string marker
    required property int headingLevel
    required property int listDepth
    required property int quoteDepth
    required property bool tight

    readonly property real indent: listDepth * Spacing.huge
    readonly property real quoteIndent: quoteDepth * Spacing.large

    space: headingLevel > 0 ? Spacing.huge - 4 : listDepth > 0 ? (tight ? Spacing.tiny : Spacing.small) : Spacing.medium

    Repeater {
        model: row.quoteDepth

        Rectangle {
            required property int index

            x: index * Spacing.large
            y: -row.space / 2
            width: 3
            height: passage.height + row.space
            radius: 1.5
            color: Colors.border
        }
    }

    Text {
        x: row.quoteIndent + row.indent - width - Spacing.small
        visible: text
        text: row.marker
        color: Colors.mutedText
        font.pixelSize: Fonts.reading
        Accessible.ignored: true
    }

    Passage {
        id: passage

        x: row.quoteIndent + row.indent
        width: parent.width - x
        text: Prose.paragraph(row.text)
        plain: row.marker ? row.marker + " " + row.plain : row.plain
        color: row.quoteDepth > 0 ? Colors.mutedText : Colors.text
        font.pixelSize: row.headingLevel > 0 ? Fonts.heading(row.headingLevel) : Fonts.reading
        font.weight: row.headingLevel > 0 ? Font.DemiBold : Font.Normal
        Accessible.role: row.headingLevel > 0 ? Accessible.Heading : Accessible.StaticText
    }
}

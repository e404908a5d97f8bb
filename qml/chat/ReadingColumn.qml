import QtQuick
import Quern.Ui

// A row of the conversation, set in a column of comfortable width in the middle of the page.
Item {
    id: row

    required property ListView view
    default property alias content: column.data
    property real space: 0      // above the content

    readonly property real columnWidth: Math.min(Spacing.reading, width - 2 * Spacing.huge)

    width: view.width
    implicitHeight: column.childrenRect.height + space
    height: implicitHeight

    Item {
        id: column

        x: Math.round((row.width - row.columnWidth) / 2)
        y: row.space
        width: row.columnWidth
        height: childrenRect.height
    }
}

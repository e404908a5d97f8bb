import QtQuick
import Quern.App
import Quern.Ui

// What the user said: a bubble on the right, with its actions under it.
ReadingColumn {
    id: row

    required property ChatSession session
    required property string messageId
    required property string text
    required property int index

    space: index === 0 ? Spacing.huge : Spacing.large

    HoverHandler { id: hover }

    Rectangle {
        id: bubble

        anchors.right: parent.right
        width: Math.min(parent.width * 0.86, passage.implicitWidth + 2 * Spacing.large)
        height: passage.height + 2 * Spacing.medium
        radius: Spacing.large
        color: row.session.editedMessage === row.messageId ? Colors.accentSurface : Colors.surface

        Passage {
            id: passage

            x: Spacing.large
            y: Spacing.medium
            width: bubble.width - 2 * Spacing.large
            textFormat: TextEdit.PlainText
            text: row.text
            plain: row.text
            Accessible.name: qsTr("You: %1").arg(row.text)
        }
    }

    Row {
        anchors.right: parent.right
        anchors.top: bubble.bottom
        anchors.topMargin: 2
        opacity: hover.hovered || editButton.activeFocus || copyButton.activeFocus ? 1 : 0

        IconButton {
            id: editButton

            objectName: "editMessage"
            symbol: "edit"
            size: 28
            text: qsTr("Edit and send again")
            enabled: !row.session.run.isActive
            onClicked: row.session.edit(row.messageId)
        }

        IconButton {
            id: copyButton

            objectName: "copyMessage"
            symbol: "copy"
            size: 28
            text: qsTr("Copy message")
            onClicked: row.session.copyMessage(row.messageId)
        }
    }
}

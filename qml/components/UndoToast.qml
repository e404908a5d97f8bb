import QtQuick
import QtQuick.Controls
import QtQuick.Layouts
import Quern.App
import Quern.Ui

// Says what was just done and offers to take it back.
Rectangle {
    id: toast

    required property UndoStack stack

    width: row.implicitWidth + 2 * Spacing.small
    height: 44
    radius: Spacing.medium
    color: Colors.text
    opacity: stack.isOffered ? 1 : 0
    visible: opacity > 0
    Accessible.role: Accessible.AlertMessage
    Accessible.name: stack.text

    Behavior on opacity { NumberAnimation { duration: 120 } }

    RowLayout {
        id: row

        anchors.centerIn: parent
        spacing: Spacing.small

        Label {
            Layout.leftMargin: Spacing.small
            Layout.maximumWidth: 320
            text: toast.stack.text
            textFormat: Text.PlainText
            elide: Text.ElideRight
            color: Colors.page
            font.pixelSize: 13
        }

        Button {
            id: button

            objectName: "undo"
            flat: true
            text: qsTr("Undo")
            font.pixelSize: 13
            font.weight: Font.DemiBold
            Accessible.name: qsTr("Undo: %1").arg(toast.stack.text)
            Accessible.description: "Ctrl+Z"
            onClicked: toast.stack.undo()

            contentItem: Label {
                text: qsTr("%1  Ctrl+Z").arg(button.text)
                color: Colors.dark ? "#0f766e" : "#6fe0d0"
                font: button.font
                verticalAlignment: Text.AlignVCenter
            }
            background: Rectangle {
                radius: Spacing.radius
                color: "transparent"
                border.width: button.visualFocus ? 2 : button.hovered ? 1 : 0
                border.color: Colors.dark ? "#0f766e" : "#6fe0d0"
            }
        }
    }
}

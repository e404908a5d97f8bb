import QtQuick
import QtQuick.Controls
import QtQuick.Layouts
import Quern.Ui

// One thing that went wrong, in place: what, what to do, and a button that does it.
Rectangle {
    id: notice

    property string text
    property string advice
    property string actionText
    property string actionShortcut
    property bool warning: false
    property bool closable: false

    readonly property color ink: warning ? Colors.warning : Colors.danger

    signal action()
    signal closed()

    implicitHeight: row.implicitHeight + 2 * Spacing.medium
    radius: Spacing.radius
    color: warning ? Colors.warningSurface : Colors.dangerSurface

    Accessible.role: Accessible.AlertMessage
    Accessible.name: text + " " + advice

    RowLayout {
        id: row

        anchors.fill: parent
        anchors.margins: Spacing.medium
        spacing: Spacing.small

        ColumnLayout {
            Layout.fillWidth: true
            spacing: Spacing.tiny

            Label {
                Layout.fillWidth: true
                text: notice.text
                wrapMode: Text.Wrap
                textFormat: Text.PlainText
                color: notice.ink
                font.pixelSize: 13
                font.weight: Font.Medium
            }

            Label {
                Layout.fillWidth: true
                visible: text
                text: notice.advice
                wrapMode: Text.Wrap
                textFormat: Text.PlainText
                color: Colors.text
                font.pixelSize: 13
            }
        }

        TextButton {
            Layout.alignment: Qt.AlignVCenter
            visible: text
            text: notice.actionText
            shortcut: notice.actionShortcut
            onClicked: notice.action()
        }

        IconButton {
            Layout.alignment: Qt.AlignTop
            visible: notice.closable
            symbol: "close"
            size: 28
            text: qsTr("Dismiss")
            onClicked: notice.closed()
        }
    }
}

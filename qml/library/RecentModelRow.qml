import QtQuick
import QtQuick.Controls
import QtQuick.Layouts
import Quern.Ui

// A model that was opened before: its name, what it is, and whether it is still there.
ItemDelegate {
    id: row

    required property string folder
    required property string name
    required property string summary
    required property bool missing
    property bool loaded: false

    signal chosen()
    signal forgotten()

    height: 52
    padding: Spacing.small
    enabled: true
    highlighted: ListView.isCurrentItem && (ListView.view?.activeFocus ?? false)
    Accessible.name: missing ? qsTr("%1, its folder is gone").arg(name) : name
    Accessible.description: folder

    onClicked: if (!missing) chosen()
    Keys.onReturnPressed: if (!missing) chosen()
    Keys.onEnterPressed: if (!missing) chosen()
    Keys.onDeletePressed: forgotten()

    background: Rectangle {
        radius: Spacing.radius
        color: row.loaded ? Colors.accentSurface : row.hovered || row.highlighted ? Colors.hover : "transparent"
    }

    contentItem: RowLayout {
        spacing: Spacing.small

        ColumnLayout {
            Layout.fillWidth: true
            spacing: 2

            Label {
                Layout.fillWidth: true
                text: row.name
                elide: Text.ElideMiddle
                color: row.missing ? Colors.mutedText : Colors.text
                font.weight: Font.Medium
            }

            Label {
                Layout.fillWidth: true
                text: row.missing ? qsTr("Folder is gone: %1").arg(row.folder) : (row.summary ? row.summary + " · " : "") + row.folder
                elide: Text.ElideMiddle
                color: row.missing ? Colors.warning : Colors.mutedText
                font.pixelSize: Fonts.small
            }
        }

        IconLabel {
            visible: row.loaded
            symbol: "check"
            ink: Colors.accent
        }

        IconButton {
            visible: row.missing || row.hovered || row.highlighted
            symbol: "close"
            size: 28
            text: qsTr("Take off the list")
            shortcut: "Del"
            onClicked: row.forgotten()
        }
    }
}

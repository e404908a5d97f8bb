pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Controls
import QtQuick.Layouts
import Quern.App
import Quern.Ui

// The models that were opened lately, and the way to another folder.
Popup {
    id: popup

    required property ModelSlot slot
    required property RecentModels recentModels

    signal chooseFolder()

    width: 360
    padding: Spacing.small
    focus: true
    onOpened: list.count > 0 ? list.forceActiveFocus() : folderButton.forceActiveFocus()

    background: Rectangle {
        radius: Spacing.medium
        color: Colors.raised
        border.width: 1
        border.color: Colors.border
    }

    ColumnLayout {
        anchors.fill: parent
        spacing: Spacing.tiny

        Label {
            Layout.margins: Spacing.small
            visible: list.count > 0
            text: qsTr("Recent models")
            color: Colors.mutedText
            font.pixelSize: Fonts.small
            font.weight: Font.DemiBold
        }

        ListView {
            id: list

            objectName: "recentModels"
            Layout.fillWidth: true
            Layout.preferredHeight: Math.min(contentHeight, 320)
            visible: count > 0
            clip: true
            model: popup.recentModels
            keyNavigationEnabled: true
            activeFocusOnTab: true
            Accessible.role: Accessible.List
            Accessible.name: qsTr("Recent models")

            delegate: RecentModelRow {
                width: ListView.view.width
                loaded: popup.slot.folder === folder && popup.slot.state === ModelSlot.Ready
                onChosen: {
                    popup.slot.load(folder);
                    popup.close();
                }
                onForgotten: popup.recentModels.forget(folder)
            }
        }

        RowLayout {
            Layout.fillWidth: true
            Layout.topMargin: Spacing.tiny
            spacing: Spacing.small

            TextButton {
                id: folderButton

                objectName: "openFolder"
                Layout.fillWidth: true
                symbol: "folder"
                text: qsTr("Open a model folder…")
                shortcut: "Ctrl+O"
                onClicked: {
                    popup.close();
                    popup.chooseFolder();
                }
            }

            TextButton {
                visible: popup.slot.state === ModelSlot.Loading || popup.slot.state === ModelSlot.Ready
                text: popup.slot.state === ModelSlot.Loading ? qsTr("Cancel") : qsTr("Unload")
                onClicked: {
                    popup.slot.unload();
                    popup.close();
                }
            }
        }
    }
}

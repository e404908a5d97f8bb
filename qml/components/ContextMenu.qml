import QtQuick
import QtQuick.Controls

// The right mouse button's menu of a text that can be selected.
// Qt 6.4 makes no bound component in a Loader, so what its components reach looks unqualified.
// qmllint disable unqualified
TapHandler {
    id: handler

    required property TextEdit edit

    acceptedButtons: Qt.RightButton
    onTapped: loader.active ? menu.popup() : (loader.active = true)

    readonly property Menu menu: loader.item as Menu
    readonly property Loader loader: Loader {
        active: false
        onLoaded: (item as Menu).popup()
        sourceComponent: Menu {
            MenuItem {
                text: qsTr("Copy")
                enabled: handler.edit.selectedText.length > 0
                onTriggered: handler.edit.copy()
            }
            MenuItem {
                text: qsTr("Select all")
                onTriggered: {
                    handler.edit.forceActiveFocus();
                    handler.edit.selectAll();
                }
            }
        }
    }
}

import QtQuick
import QtQuick.Controls
import QtQuick.Layouts
import Quern.App
import Quern.Ui

// Says which model answers, or how far its loading is, and opens the list of models.
// Qt 6.4 makes no bound component in a Loader, so what its components reach looks unqualified.
// qmllint disable unqualified
AbstractButton {
    id: button

    required property ModelSlot slot
    required property RecentModels recentModels

    signal chooseFolder()

    function open() {
        recentModels.refresh();
        popup.active = true;
        (popup.item as Popup).open();
    }

    readonly property bool loading: slot.state === ModelSlot.Loading
    readonly property string title: slot.name || qsTr("Choose a model")

    implicitHeight: 40
    implicitWidth: contentItem.implicitWidth + leftPadding + rightPadding
    leftPadding: Spacing.small
    rightPadding: Spacing.small
    focusPolicy: Qt.StrongFocus
    Accessible.role: Accessible.ButtonMenu
    Accessible.name: loading ? qsTr("Model %1, %2").arg(title).arg(slot.phase) : qsTr("Model: %1").arg(title)
    Accessible.description: "Ctrl+L"
    onClicked: open()

    background: Rectangle {
        radius: Spacing.radius
        color: button.down ? Colors.pressed : button.hovered ? Colors.hover : "transparent"

        FocusRing { visible: button.visualFocus }
    }

    contentItem: RowLayout {
        spacing: Spacing.small

        ColumnLayout {
            Layout.fillWidth: true
            spacing: 2

            Label {
                Layout.fillWidth: true
                text: button.title
                elide: Text.ElideMiddle
                color: Colors.text
                font.pixelSize: Fonts.body
                font.weight: Font.DemiBold
            }

            Label {
                Layout.fillWidth: true
                visible: text
                text: button.loading ? button.slot.phase + "…" : button.slot.state === ModelSlot.Error ? qsTr("could not be loaded") : button.slot.summary
                elide: Text.ElideRight
                color: button.slot.state === ModelSlot.Error ? Colors.danger : Colors.mutedText
                font.pixelSize: Fonts.small
            }

            Meter {
                Layout.fillWidth: true
                Layout.preferredHeight: 2
                visible: button.loading
                value: -1
                name: qsTr("Loading the model")
            }
        }

        IconLabel {
            symbol: "chevron-down"
        }
    }

    Tip {
        visible: button.hovered && !(popup.item as Popup)?.opened
        text: button.slot.folder || qsTr("Choose a model")
        shortcut: "Ctrl+L"
    }

    Loader {
        id: popup

        active: false
        sourceComponent: ModelPopup {
            y: button.height + 2
            slot: button.slot
            recentModels: button.recentModels
            onChooseFolder: button.chooseFolder()
        }
    }
}

import QtQuick
import QtQuick.Controls
import QtQuick.Layouts
import Quern.App
import Quern.Ui

// The open chat's system prompt and sampling settings.
Rectangle {
    id: sheet

    required property ChatSettings settings

    signal closed()

    function take() { prompt.area.forceActiveFocus(); }

    color: Colors.sideBar
    Accessible.role: Accessible.Pane
    Accessible.name: qsTr("Settings of this chat")

    Keys.onEscapePressed: closed()

    Rectangle {
        width: 1
        height: parent.height
        color: Colors.border
    }

    RowLayout {
        id: header

        x: Spacing.large
        width: parent.width - Spacing.large - Spacing.small
        height: Spacing.header
        spacing: Spacing.tiny

        Label {
            Layout.fillWidth: true
            text: qsTr("Chat settings")
            elide: Text.ElideRight
            color: Colors.text
            font.pixelSize: Fonts.title
            font.weight: Font.DemiBold
            Accessible.role: Accessible.Heading
        }

        IconButton {
            objectName: "resetAll"
            symbol: "reset"
            text: qsTr("Set every number back")
            enabled: !sheet.settings.isInitial
            onClicked: sheet.settings.resetAll()
        }

        IconButton {
            symbol: "close"
            text: qsTr("Close")
            shortcut: "Ctrl+,"
            onClicked: sheet.closed()
        }
    }

    ListView {
        id: list

        objectName: "settingsList"
        anchors.top: header.bottom
        anchors.bottom: parent.bottom
        width: parent.width
        clip: true
        boundsBehavior: Flickable.StopAtBounds
        model: sheet.settings
        cacheBuffer: 4000
        bottomMargin: Spacing.huge

        ScrollBar.vertical: ScrollBar {}

        section.property: "group"
        section.delegate: Label {
            required property string section

            x: Spacing.large
            topPadding: Spacing.huge
            bottomPadding: Spacing.tiny
            text: section
            color: Colors.mutedText
            font.pixelSize: Fonts.small
            font.weight: Font.DemiBold
        }

        header: Column {
            x: Spacing.large
            width: ListView.view.width - 2 * Spacing.large
            spacing: Spacing.tiny

            Label {
                text: qsTr("System prompt")
                color: Colors.text
                font.weight: Font.Medium
            }

            TextPanel {
                id: prompt

                width: parent.width
                height: Math.max(88, implicitHeight)
                tallest: 240
                area.objectName: "systemPrompt"
                name: qsTr("System prompt")
                placeholder: qsTr("How the model should behave, for example: You are a patient teacher.")
                text: sheet.settings.systemPrompt
                area.onTextChanged: sheet.settings.systemPrompt = text
            }
        }

        delegate: SettingRow {
            x: Spacing.large
            width: ListView.view.width - 2 * Spacing.large
            settings: sheet.settings
        }

        footer: Column {
            x: Spacing.large
            width: ListView.view.width - 2 * Spacing.large
            topPadding: Spacing.huge
            spacing: Spacing.tiny

            Label {
                text: qsTr("Stop texts")
                color: Colors.text
                font.weight: Font.Medium
            }

            TextPanel {
                width: parent.width
                height: Math.max(60, implicitHeight)
                tallest: 120
                area.objectName: "stopTexts"
                area.font.family: Fonts.code
                area.font.pixelSize: 13
                name: qsTr("Stop texts, one per line")
                placeholder: qsTr("One per line")
                text: sheet.settings.stopTexts
                area.onEditingFinished: sheet.settings.stopTexts = text
            }

            Label {
                width: parent.width
                text: qsTr("An answer ends before any of these.")
                wrapMode: Text.Wrap
                color: Colors.mutedText
                font.pixelSize: Fonts.small
            }
        }
    }
}

pragma ComponentBehavior: Bound

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

    // The field that has the keyboard's focus is scrolled into view.
    readonly property Item focused: Window.activeFocusItem
    onFocusedChanged: {
        if (!focused || !body.contains(body.mapFromItem(focused, 0, 0)))
            return;
        const top = body.mapFromItem(focused, 0, 0).y;
        flick.contentY = Math.max(0, Math.min(top - Spacing.huge, Math.max(flick.contentY, top + focused.height + Spacing.huge - flick.height)));
    }

    Flickable {
        id: flick

        objectName: "settingsList"
        anchors.top: header.bottom
        anchors.bottom: parent.bottom
        width: parent.width
        contentHeight: body.height + Spacing.huge
        clip: true
        boundsBehavior: Flickable.StopAtBounds

        ScrollBar.vertical: ScrollBar {}

        Column {
            id: body

            x: Spacing.large
            width: flick.width - 2 * Spacing.large
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
                placeholder: qsTr("You are a patient teacher…")
                text: sheet.settings.systemPrompt
                area.onTextChanged: sheet.settings.systemPrompt = text
            }

            Repeater {
                model: sheet.settings

                SettingRow {
                    width: body.width
                    settings: sheet.settings
                }
            }

            Label {
                topPadding: Spacing.huge
                text: qsTr("Stop texts")
                color: Colors.text
                font.weight: Font.Medium
            }

            TextPanel {
                width: parent.width
                height: Math.max(64, implicitHeight)
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

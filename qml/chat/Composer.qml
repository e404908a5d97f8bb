import QtQuick
import QtQuick.Controls
import QtQuick.Layouts
import Quern.App
import Quern.Ui

// Where a message is written: Enter sends, Shift+Enter begins a new line.
Item {
    id: composer

    required property ChatSession session

    readonly property bool editing: session.editedMessage !== ""
    readonly property Conversation conversation: session.current

    function take() { input.area.forceActiveFocus(); }

    function submit() {
        if (session.send(input.text))
            input.area.clear();
    }

    implicitHeight: frame.height + strip.height

    onConversationChanged: input.text = conversation.draft
    Connections {
        target: composer.conversation

        function onDraftChanged() {
            if (input.text === composer.conversation.draft)
                return;
            input.text = composer.conversation.draft;
            input.area.cursorPosition = input.text.length;
            composer.take();
        }
    }

    Rectangle {
        id: frame

        width: parent.width
        height: column.implicitHeight
        radius: Spacing.medium
        color: Colors.raised
        border.width: input.area.activeFocus ? 2 : 1
        border.color: input.area.activeFocus ? Colors.accent : Colors.border

        ColumnLayout {
            id: column

            width: parent.width
            spacing: 0

            RowLayout {
                Layout.fillWidth: true
                Layout.leftMargin: Spacing.large
                Layout.rightMargin: Spacing.small
                Layout.topMargin: Spacing.small
                visible: composer.editing

                Label {
                    Layout.fillWidth: true
                    text: qsTr("Editing a message: sending replaces it and what follows.")
                    elide: Text.ElideRight
                    color: Colors.link
                    font.pixelSize: 13
                }

                TextButton {
                    objectName: "cancelEdit"
                    quiet: true
                    text: qsTr("Cancel")
                    shortcut: "Esc"
                    onClicked: composer.session.cancelEdit()
                }
            }

            RowLayout {
                Layout.fillWidth: true
                Layout.margins: Spacing.small
                spacing: Spacing.small

                TextPanel {
                    id: input

                    Layout.fillWidth: true
                    Layout.preferredHeight: implicitHeight
                    framed: false
                    name: qsTr("Message")
                    placeholder: composer.session.model.state === ModelSlot.Ready ? qsTr("Message %1").arg(composer.session.model.name)
                               : composer.session.model.state === ModelSlot.Loading ? qsTr("Write while the model is loading")
                               : qsTr("Choose a model to begin")
                    area.objectName: "messageInput"
                    area.font.pixelSize: Fonts.reading
                    area.onTextChanged: composer.conversation.draft = text
                    area.Keys.onPressed: event => {
                        const enter = event.key === Qt.Key_Return || event.key === Qt.Key_Enter;
                        if (enter && !(event.modifiers & (Qt.ShiftModifier | Qt.AltModifier))) {
                            composer.submit();
                            event.accepted = true;
                        } else if (event.key === Qt.Key_Up && text === "" && !composer.session.run.isActive) {
                            composer.session.edit();
                            event.accepted = true;
                        }
                    }
                }

                IconButton {
                    id: button

                    readonly property bool stops: composer.session.run.isActive

                    objectName: "sendButton"
                    Layout.alignment: Qt.AlignBottom
                    Layout.bottomMargin: 2
                    size: 36
                    symbol: stops ? "stop" : "send"
                    text: stops ? qsTr("Stop") : qsTr("Send")
                    shortcut: stops ? "Esc" : "Enter"
                    enabled: stops ? composer.session.run.state !== AnswerRun.Stopping
                                   : composer.session.canSend && input.text.trim() !== ""
                    icon.color: enabled ? Colors.accentText : Colors.mutedText
                    onClicked: stops ? composer.session.stop() : composer.submit()

                    background: Rectangle {
                        radius: Spacing.radius
                        color: !button.enabled ? Colors.surface : button.down ? Qt.darker(Colors.accent, 1.15) : Colors.accent

                        FocusRing { visible: button.visualFocus }
                    }
                }
            }
        }
    }

    StatusStrip {
        id: strip

        anchors.top: frame.bottom
        width: parent.width
        session: composer.session
    }
}

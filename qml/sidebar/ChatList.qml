import QtQuick
import QtQuick.Controls
import Quern.App
import Quern.Ui

// The past chats. Return opens, F2 renames, Del deletes.
// Qt 6.4 makes no bound component for a section, so what the components reach looks unqualified.
// qmllint disable unqualified
ListView {
    id: list

    required property ChatSession session

    property string renamed         // the chat whose title is being written

    signal opened()

    function renameCurrent() {
        const row = session.chats.row(session.current.chatId);
        if (row < 0)
            return;
        positionViewAtIndex(row, ListView.Contain);
        renamed = session.current.chatId;
    }

    function follow() { currentIndex = session.chats.row(session.current.chatId); }

    function openRow(chat: string) {
        session.open(chat);
        opened();
    }

    clip: true
    model: session.chats
    boundsBehavior: Flickable.StopAtBounds
    keyNavigationEnabled: true
    activeFocusOnTab: true
    currentIndex: -1
    Accessible.role: Accessible.List
    Accessible.name: qsTr("Chats")

    Keys.onReturnPressed: openRow(session.chats.chatAt(currentIndex))
    Keys.onEnterPressed: openRow(session.chats.chatAt(currentIndex))
    Keys.onDeletePressed: session.remove(session.chats.chatAt(currentIndex))
    Keys.onPressed: event => {
        event.accepted = event.key === Qt.Key_F2;
        if (event.accepted)
            renamed = session.chats.chatAt(currentIndex);
    }

    onCountChanged: follow()
    Connections {
        target: list.session

        function onCurrentChanged() { list.follow(); }
    }

    ScrollBar.vertical: ScrollBar {}

    section.property: "age"
    section.delegate: Label {
        required property string section

        leftPadding: Spacing.large
        topPadding: Spacing.medium
        bottomPadding: Spacing.tiny
        text: section
        color: Colors.mutedText
        font.pixelSize: Fonts.small
        font.weight: Font.Medium
    }

    delegate: ChatListRow {
        width: list.width
        session: list.session
        renaming: list.renamed === chatId
        focused: list.activeFocus && ListView.isCurrentItem
        onOpened: {
            list.forceActiveFocus();
            list.openRow(chatId);
        }
        onRenameRequested: list.renamed = chatId
        onRenameEnded: {
            list.renamed = "";
            list.forceActiveFocus();
        }
    }

    Label {
        anchors.horizontalCenter: parent.horizontalCenter
        y: Spacing.huge
        width: parent.width - 2 * Spacing.large
        visible: list.count === 0
        horizontalAlignment: Text.AlignHCenter
        wrapMode: Text.Wrap
        text: list.session.chats.filter ? qsTr("No chat contains “%1”.").arg(list.session.chats.filter) : qsTr("Your chats will be listed here.")
        color: Colors.mutedText
        font.pixelSize: 13
    }
}

import QtQuick
import QtQuick.Layouts
import Quern.App
import Quern.Ui

// The chat: header, conversation or what stands in its place, and the input field.
// Qt 6.4 makes no bound component in a Loader, so what its components reach looks unqualified.
// qmllint disable unqualified
Item {
    id: page

    required property ChatSession session
    required property RecentModels recentModels
    required property bool sideBarShown
    required property bool settingsShown

    signal toggleSideBar()
    signal toggleSettings()
    signal chooseFolder()

    function write() { composer.take(); }
    function chooseModel() { header.chooseModel(); }

    readonly property bool empty: session.current.messages.messageCount === 0 && !session.current.isOpening

    ColumnLayout {
        anchors.fill: parent
        spacing: 0

        ChatHeader {
            id: header

            Layout.fillWidth: true
            session: page.session
            recentModels: page.recentModels
            sideBarShown: page.sideBarShown
            settingsShown: page.settingsShown
            onToggleSideBar: page.toggleSideBar()
            onToggleSettings: page.toggleSettings()
            onChooseFolder: page.chooseFolder()
        }

        PageNotices {
            Layout.fillWidth: true
            Layout.fillHeight: false
            Layout.alignment: Qt.AlignHCenter
            session: page.session
            onChooseFolder: page.chooseFolder()
        }

        Item {
            Layout.fillWidth: true
            Layout.fillHeight: true

            MessageList {
                id: list

                objectName: "messageList"
                anchors.fill: parent
                session: page.session
                visible: !page.empty
            }

            Loader {
                anchors.fill: parent
                active: page.empty
                sourceComponent: EmptyChat {
                    session: page.session
                    recentModels: page.recentModels
                    onChooseFolder: page.chooseFolder()
                    onPrompted: text => {
                        page.session.current.draft = text;
                        composer.take();
                    }
                }
            }

            IconButton {
                id: toEnd

                objectName: "toEnd"
                anchors.horizontalCenter: parent.horizontalCenter
                anchors.bottom: parent.bottom
                anchors.bottomMargin: Spacing.small
                visible: !page.empty && !list.atEnd
                symbol: "arrow-down"
                text: qsTr("To the end")
                shortcut: "End"
                onClicked: list.toEnd()

                background: Rectangle {
                    radius: width / 2
                    color: toEnd.hovered ? Colors.hover : Colors.raised
                    border.width: 1
                    border.color: Colors.border

                    FocusRing { visible: toEnd.visualFocus; radius: width / 2 }
                }
            }
        }

        Composer {
            id: composer

            Layout.alignment: Qt.AlignHCenter
            Layout.fillWidth: true
            Layout.maximumWidth: Spacing.reading
            Layout.leftMargin: Spacing.huge
            Layout.rightMargin: Spacing.huge
            Layout.topMargin: Spacing.tiny
            session: page.session
        }
    }
}

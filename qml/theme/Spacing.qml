pragma Singleton
import QtQuick

// Distances and sizes, multiples of four pixels.
QtObject {
    readonly property int tiny: 4
    readonly property int small: 8
    readonly property int medium: 12
    readonly property int large: 16
    readonly property int huge: 24
    readonly property int vast: 32

    readonly property int radius: 8
    readonly property int control: 32       // height of a button
    readonly property int header: 52        // height of a page's header
    readonly property int reading: 760      // the widest a text is set
    readonly property int sideBar: 264
    readonly property int sheet: 344
    readonly property int wide: 1040        // from this width on, a sheet stands beside the page
    readonly property int narrow: 720       // below this width, the side bar covers the page
}
